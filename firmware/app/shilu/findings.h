#pragma once
// What a checker found, as `shilu check` and `shilu log` tell it. What a file says never reaches the terminal
// as it stands.

#include <fmt/format.h>

#include "firmware/app/shilu/command.h"
#include "firmware/base/presentable.h"

namespace shilu::cli {

// A Report has findings, clean() and to_json(); `print_head` prints what it says beside its findings.
template <typename Report, typename PrintHead>
int tell_findings(const Report& report, bool json, PrintHead print_head) {
  if (json) {
    print_json(report.to_json());
  } else {
    print_head(report);
    for (const auto& finding : report.findings) {
      fmt::print("{} {}: {}\n", finding.violation ? "violation" : "note", finding.code,
                 presentable(finding.detail));
    }
    fmt::print("{}\n", report.clean() ? "clean" : "NOT CLEAN");
  }
  return report.clean() ? kGood : kFailed;
}

}  // namespace shilu::cli

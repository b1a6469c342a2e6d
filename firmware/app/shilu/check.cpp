// shilu check: proves the invariants of a lesson's folder and names each violation.

#include "capture/journal/checker.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/findings.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

struct Arguments {
  std::string directory;
  bool json = false;
};

void print(const journal::CheckReport& report) {
  fmt::print("{:.1f} s in {} fragments, {:.1f} MB; {} gaps, {} marks; {} of {} records signed{}\n",
             report.duration_s, report.fragments, static_cast<double>(report.bytes) / 1e6, report.gaps,
             report.marks, report.signed_leaves, report.leaves,
             report.signed_leaves < report.leaves
                 ? fmt::format("; recorded, not yet signed: the last {:.1f} s", report.unsigned_s)
                 : "");
}

Result<int> check(const Arguments& arguments) {
  SHILU_TRY(const auto report, journal::check_lesson(arguments.directory));
  return tell_findings(report, arguments.json, [](const auto& told) { print(told); });
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("check", "Prove that a lesson's folder is whole, and name what is not");
  command->add_option("directory", arguments->directory, "The lesson's folder")->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = check(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli

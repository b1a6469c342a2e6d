#pragma once
// What the parts of the checker write into. Inside this module only.

#include <fmt/format.h>

#include <map>
#include <string>

#include "capture/journal/checker.h"
#include "capture/journal/lesson_folder.h"

namespace shilu::journal {

class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}

  void violation(std::string_view code, std::string detail) { add(code, true, std::move(detail)); }
  void note(std::string_view code, std::string detail) { add(code, false, std::move(detail)); }
  CheckReport& report() { return report_; }

  // Once, behind the last: tells how many findings were not kept.
  void finish() {
    for (const auto& [code, count] : counts_) {
      if (count.all <= kKept) continue;
      report_.findings.push_back(
          {code, count.violation, fmt::format("and {} more of this kind", count.all - kKept)});
    }
  }

 private:
  static constexpr std::size_t kKept = 1000;  // of each code: a ruined disk has as many as fragments
  struct Count {
    std::size_t all = 0;
    bool violation = false;
  };

  void add(std::string_view code, bool violation, std::string detail) {
    auto& count = counts_[std::string(code)];
    count.violation = count.violation || violation;
    if (++count.all <= kKept) report_.findings.push_back({std::string(code), violation, std::move(detail)});
  }

  CheckReport& report_;
  std::map<std::string, Count> counts_;
};

// Whole fragments: headers, sizes, hashes, moofs.
void check_media(const LessonFolder& lesson, Findings& findings);
// Declared loss: fragments and gaps tile the lesson's time.
void check_tiling(const LessonFolder& lesson, Findings& findings);
// Signed heads: certificate, signatures, chain, roots.
void check_checkpoints(const LessonFolder& lesson, Findings& findings);

}  // namespace shilu::journal

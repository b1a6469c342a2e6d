#pragma once
// What the parts of the checker write into. Inside this module only.

#include <fmt/format.h>

#include "capture/journal/checker.h"
#include "capture/journal/lesson_folder.h"

namespace shilu::journal {

class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}

  void violation(std::string_view code, std::string detail) { add(code, true, std::move(detail)); }
  void note(std::string_view code, std::string detail) { add(code, false, std::move(detail)); }
  CheckReport& report() { return report_; }

 private:
  void add(std::string_view code, bool violation, std::string detail) {
    report_.findings.push_back({std::string(code), violation, std::move(detail)});
  }
  CheckReport& report_;
};

// Whole fragments: headers, sizes, hashes, moofs.
void check_media(const LessonFolder& lesson, Findings& findings);
// Declared loss: fragments and gaps tile the lesson's time.
void check_tiling(const LessonFolder& lesson, Findings& findings);
// Signed heads: certificate, signatures, chain, roots.
void check_checkpoints(const LessonFolder& lesson, Findings& findings);

}  // namespace shilu::journal

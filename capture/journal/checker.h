#pragma once
// `shilu check`: proves the invariants of a lesson folder (design: whole fragments, declared loss, signed
// heads).

#include <filesystem>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/keys.h"
#include "firmware/base/result.h"

namespace shilu::journal {

// Every violation has a stable code and a sentence with the place.
struct Finding {
  std::string code;  // "fragment-hash", "fragment-missing", "header-hash", "gap-undeclared", "overlap",
                     // "record-order", "checkpoint-root", "checkpoint-signature", "checkpoint-chain",
                     // "certificate", "lesson-json", "tail-bytes" (a note, not a violation), "unsigned-tail"
                     // (a note), "not-finished" (a note), "all-gap"
  bool violation = true;
  std::string detail;
};

struct CheckReport {
  std::vector<Finding> findings;
  std::uint64_t records = 0;
  std::uint64_t fragments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t gaps = 0;
  std::uint64_t marks = 0;
  std::uint64_t signed_leaves = 0;
  std::uint64_t leaves = 0;
  double duration_s = 0;
  bool clean() const;  // no violation
  Json to_json() const;
};

// Reads everything, hashing all media once. An error only where the folder cannot be read as a lesson at all.
Result<CheckReport> check_lesson(const std::filesystem::path& directory);

}  // namespace shilu::journal

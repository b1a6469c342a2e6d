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

class LessonFolder;

// Every violation has a stable code and a sentence with the place.
struct Finding {
  // Violations: "lesson-json", "certificate", "journal" (what stands there is none of ours), "record-order"
  // (records that contradict one another), "header-hash", "fragment-missing", "fragment-hash",
  // "gap-undeclared", "overlap", "all-gap" (a lesson longer than 5 s has nothing of a required source),
  // "redaction" (bytes where a signed deletion says that none are), "pre-roll-long" (more than 32 s from
  // before the press), "checkpoint-root", "checkpoint-signature", "checkpoint-chain". Notes: "tail-bytes"
  // (behind the last whole record, line or fragment), "stray-file", "unsigned-tail", "not-finished",
  // "redaction-pending".
  std::string code;
  bool violation = true;
  std::string detail;  // a sentence with the place
};

struct CheckReport {
  std::vector<Finding> findings;  // at most 1,000 of each code; one more then counts the rest
  std::uint64_t records = 0;
  std::uint64_t fragments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t gaps = 0;
  std::uint64_t redacted = 0;  // fragments whose payload was deleted
  std::uint64_t marks = 0;
  std::uint64_t signed_leaves = 0;
  std::uint64_t leaves = 0;
  double duration_s = 0;
  double unsigned_s = 0;  // of lesson time, recorded behind the last checkpoint that holds
  bool clean() const;     // no violation
  Json to_json() const;
};

// Reads everything, hashing all media once. An error only where the folder cannot be read as a lesson at all.
Result<CheckReport> check_lesson(const std::filesystem::path& directory);
// Of a folder that is open already; nothing may have been written to it since.
CheckReport check_lesson(const LessonFolder& lesson);

}  // namespace shilu::journal

#pragma once
// One record of the device log: what happened to evidence, when, by which clock. docs/ref/device-log.md.

#include <optional>
#include <string>

#include "firmware/base/bytes.h"
#include "firmware/base/clock.h"

namespace shilu::journal {

struct LogEntry {
  std::string event;       // "boot", "sign-in", ... An event that is not known is kept and has no meaning yet
  std::string boot_id;     // monotonic times of one boot can be compared
  std::int64_t at_ns = 0;  // CLOCK_MONOTONIC
  WallTime utc;
  bool synchronised = false;
  std::string members = "{}";  // what this event has beside those: a JSON object
};

Bytes encode(const LogEntry& entry);  // framed as a record of journal.md, type 3

struct DecodedEntry {
  LogEntry entry;
  std::size_t size = 0;  // bytes taken, frame included
};
// As decode of record.h: nullopt where no whole record stands, kCorrupted where a whole one is no entry.
Result<std::optional<DecodedEntry>> decode_entry(ByteView bytes);

}  // namespace shilu::journal

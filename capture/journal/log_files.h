#pragma once
// The device log's folder as files. Inside this module only.

#include "capture/journal/device_log.h"
#include "capture/journal/tree_writer.h"

namespace shilu::journal {

inline constexpr const char* kLogJson = "log.json";
inline constexpr std::string_view kKeyEvent = "key";

struct LogIdentity {
  std::string log_id, device_id, created_utc;
  std::string to_json() const;
  static Result<LogIdentity> from_json(std::string_view text);
};

const TreeKind& log_tree();

// The sound front of a log.
struct LogPrefix {
  LogIdentity identity;
  std::vector<LogEntry> entries;
  std::vector<Digest> leaves;  // of log.json and of each entry
  std::uint64_t tail_bytes = 0;
  std::optional<Error> damage;  // a whole record that is none of ours
};
Result<LogPrefix> read_log(const std::filesystem::path& directory);

// Of a "key" entry.
Result<KeyCertificate> certificate_in(const LogEntry& entry);

}  // namespace shilu::journal

#pragma once
// The device log: an append-only tree over what happens to evidence on this device. Its signed head goes to
// the platform with every package; a device that was set back to an older state cannot prove that its log
// goes on from the head that the platform holds. docs/ref/device-log.md.

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "capture/journal/checkpoint.h"
#include "capture/journal/log_entry.h"
#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json.h"

namespace shilu::journal {

// Thread-safe. One mutex, held across the log's own I/O on purpose: entries have one order. Entries are few
// and small.
class DeviceLog {
 public:
  // Opens the log in `directory`, or begins one. Entries in front of a torn tail are kept, the tail is cut. A
  // log that is damaged where it was signed is set aside as it is ("device-log.damaged-1") and another one is
  // begun: that shows at the platform. `key` signs the heads; its certificate is logged whenever it is
  // another one. All outlive the log.
  static Result<std::unique_ptr<DeviceLog>> open(FileSystem& files, const std::filesystem::path& directory,
                                                 const CertifiedKey& key, const Clock& clock);

  // Durable when this returns. On an error the entry is kept and written before the next one.
  Status append(std::string event, const Json& members);
  Status append(std::string event);  // that has no more to say

  // The newest head, signed now if entries came since the last one.
  struct Head {
    SignedCheckpoint checkpoint;
    DsseEnvelope certificate;  // of the key that signed it
    std::vector<Digest>
        consistency;  // RFC 6962 2.1.2, from the tree of `from` leaves; empty: none can be given
  };
  Result<Head> head(std::uint64_t from, std::string_view reason);

  std::uint64_t size() const;  // leaves, log.json included
  std::string log_id() const;
  // Every entry, oldest first: what a restart looks through.
  void each(const std::function<void(const LogEntry&)>& visit) const;

  ~DeviceLog();

 private:
  struct Impl;
  explicit DeviceLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// --- Reading: shilu log.

struct LogFinding {
  // Violations: "log-json", "journal", "checkpoint-signature", "checkpoint-chain", "checkpoint-root",
  // "clock-set-back" (both entries by a clock that was synchronised). Notes: "tail-bytes", "unsigned-tail",
  // "clock-back" (one of them was not).
  std::string code;
  bool violation = true;
  std::string detail;  // a sentence with the place
};

struct LogReport {
  std::string log_id, device_id;
  std::vector<LogEntry> entries;
  std::vector<LogFinding> findings;
  std::uint64_t leaves = 0;
  std::uint64_t signed_leaves = 0;
  bool clean() const;  // no violation
  Json to_json() const;
};

// kNotFound: no device log is there.
Result<LogReport> check_log(const std::filesystem::path& directory);

// Does a log's head go on from an older one? What the platform asks.
enum class LogVerdict { kConsistent, kRolledBack, kForked };
std::string_view to_string(LogVerdict verdict);  // "consistent", "rolled-back", "forked"
LogVerdict compare_heads(const Checkpoint& older, const Checkpoint& newer,
                         std::span<const Digest> consistency);

}  // namespace shilu::journal

#include "capture/journal/log_files.h"

#include "capture/journal/file_names.h"
#include "capture/journal/record.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

constexpr std::string_view kFormat = "shilu-device-log/1";

Result<std::string> log_id_of(std::string_view log_json) {
  SHILU_TRY(const auto identity, LogIdentity::from_json(log_json));
  return identity.log_id;
}

Result<std::optional<std::size_t>> next_entry(ByteView bytes) {
  SHILU_TRY(const auto entry, decode_entry(bytes));
  return entry ? std::optional(entry->size) : std::nullopt;
}

Status take_entries(ByteView rest, LogPrefix& log) {
  while (true) {
    SHILU_TRY(const auto decoded, decode_entry(rest));
    log.tail_bytes = rest.size();
    if (!decoded) return {};
    log.leaves.push_back(leaf_hash(rest.first(decoded->size)));
    log.entries.push_back(decoded->entry);
    rest = rest.subspan(decoded->size);
  }
}

}  // namespace

std::string LogIdentity::to_json() const {
  return canonical_json(
      {{"format", kFormat}, {"log_id", log_id}, {"device_id", device_id}, {"created_utc", created_utc}});
}

Result<LogIdentity> LogIdentity::from_json(std::string_view text) {
  SHILU_TRY(const auto json, parse_json(text));
  SHILU_TRY(const auto format, json_string(json, "format"));
  if (format != kFormat)
    return fail(ErrorKind::kCorrupted, "log.json is not of a device log of this version");
  LogIdentity identity;
  SHILU_TRY(identity.log_id, json_string(json, "log_id"));
  SHILU_TRY(identity.device_id, json_string(json, "device_id"));
  SHILU_TRY(identity.created_utc, json_string(json, "created_utc"));
  return identity;
}

const TreeKind& log_tree() {
  static constexpr TreeKind kind{kLogJson, HeadKind::kDeviceLog, log_id_of, next_entry};
  return kind;
}

Result<LogPrefix> read_log(const std::filesystem::path& directory) {
  LogPrefix log;
  SHILU_TRY(const auto text, read_text_file(directory / kLogJson, 64u << 10));
  SHILU_TRY(log.identity, LogIdentity::from_json(text));
  log.leaves.push_back(leaf_hash(as_bytes(text)));
  const auto bytes = read_file(directory / kJournal, 1u << 30);
  if (!bytes && bytes.error().kind == ErrorKind::kNotFound) return log;  // a power cut just behind log.json
  if (!bytes) return fail(bytes.error());
  if (bytes->size() < kMagic.size()) return log;
  const ByteView view(*bytes);
  if (as_text(view.first(kMagic.size())) != kMagic) {
    log.damage = Error{ErrorKind::kCorrupted, "the file `journal` is not a journal of this program"};
    return log;
  }
  if (const auto taken = take_entries(view.subspan(kMagic.size()), log); !taken) log.damage = taken.error();
  return log;
}

Result<KeyCertificate> certificate_in(const LogEntry& entry) {
  SHILU_TRY(const auto members, parse_json(entry.members));
  SHILU_TRY(const auto json, json_object(members, "certificate"));
  SHILU_TRY(auto envelope, DsseEnvelope::from_json(canonical_json(json)));
  return KeyCertificate::from_envelope(std::move(envelope));
}

}  // namespace shilu::journal

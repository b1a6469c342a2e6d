#include "capture/journal/log_entry.h"

#include <fmt/format.h>

#include "capture/journal/record.h"
#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

constexpr std::uint8_t kEntryType = 3;
constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kOwn[] = {"at_ns", "boot_id", "event", "synchronised", "utc"};

Result<LogEntry> entry_from(Json json) {
  LogEntry entry;
  SHILU_TRY(entry.event, json_string(json, "event"));
  SHILU_TRY(entry.boot_id, json_string(json, "boot_id"));
  SHILU_TRY(entry.at_ns, json_int(json, "at_ns"));
  SHILU_TRY(const auto utc, json_string(json, "utc"));
  SHILU_TRY(entry.utc, wall_from_rfc3339(utc));
  SHILU_TRY(entry.synchronised, json_bool(json, "synchronised"));
  for (const auto name : kOwn) json.erase(std::string(name));
  entry.members = canonical_json(json);
  return entry;
}

}  // namespace

Bytes encode(const LogEntry& entry) {
  Json json = parse_json(entry.members).value_or(Json::object());
  json["event"] = entry.event;
  json["boot_id"] = entry.boot_id;
  json["at_ns"] = entry.at_ns;
  json["utc"] = to_rfc3339(entry.utc);
  json["synchronised"] = entry.synchronised;
  Bytes body{kEntryType, kVersion};
  put_bytes(body, as_bytes(canonical_json(json)));
  return frame(body);
}

Result<std::optional<DecodedEntry>> decode_entry(ByteView bytes) {
  const auto framed = unframe(bytes);
  if (!framed) return std::nullopt;
  if (framed->body.size() < 2 || framed->body[0] != kEntryType || framed->body[1] != kVersion)
    return fail(ErrorKind::kCorrupted, "a record of the device log is of an unknown type");
  auto entry = parse_json(as_text(framed->body.subspan(2))).and_then(entry_from);
  if (!entry) return fail(ErrorKind::kCorrupted, entry.error().within("an entry of the device log").message);
  return DecodedEntry{std::move(*entry), framed->size};
}

}  // namespace shilu::journal

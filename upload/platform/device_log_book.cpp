#include "upload/platform/device_log_book.h"

#include <fmt/format.h>

#include <optional>

#include "capture/journal/device_log.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "upload/platform/answers.h"
#include "upload/platform/key_registry.h"

namespace shilu::platform {
namespace {

using journal::Checkpoint;
using journal::LogVerdict;

constexpr std::size_t kMaxConsistency = 128;  // more than any tree of 64-bit size needs

Result<DsseEnvelope> envelope_member(const Json& body, std::string_view name) {
  SHILU_TRY(const Json json, json_object(body, name));
  return DsseEnvelope::from_json(canonical_json(json));
}

Result<std::vector<Digest>> path_member(const Json& body) {
  SHILU_TRY(const Json list, json_array(body, "consistency"));
  if (list.size() > kMaxConsistency) return fail(ErrorKind::kInvalidArgument, "\"consistency\" is too long.");
  std::vector<Digest> path;
  for (const Json& item : list) {
    if (!item.is_string())
      return fail(ErrorKind::kInvalidArgument, "\"consistency\" must hold hashes in hex.");
    SHILU_TRY(const Digest digest, digest_from_hex(item.get_ref<const std::string&>()));
    path.push_back(digest);
  }
  return path;
}

Result<Checkpoint> read_head(const DsseEnvelope& envelope) {
  if (envelope.payload_type != journal::checkpoint_type(journal::HeadKind::kDeviceLog))
    return fail(ErrorKind::kInvalidArgument, "\"checkpoint\" is not of a device log.");
  return Checkpoint::from_payload(envelope.payload, journal::HeadKind::kDeviceLog);
}

// A head counts if a seal key signed it that this device certified, now.
Result<Checkpoint> open_head(const Context& context, const Device& device, const Json& body) {
  SHILU_TRY(const DsseEnvelope envelope, envelope_member(body, "checkpoint"));
  SHILU_TRY(const DsseEnvelope certificate_envelope, envelope_member(body, "certificate"));
  SHILU_CHECK(register_certificate(context, device, certificate_envelope));
  SHILU_TRY(const auto certificate, KeyCertificate::from_envelope(certificate_envelope));
  if (certificate.role != KeyRole::kSeal || !envelope.verified_by(certificate.key))
    return fail(ErrorKind::kPermissionDenied, "The head is not signed by the device's seal key.");
  return read_head(envelope);
}

// What an alarm says to people.
std::string sentence(LogVerdict verdict, const Checkpoint& known, const Checkpoint& shown) {
  if (verdict == LogVerdict::kConsistent) return "";
  if (verdict == LogVerdict::kRolledBack) {
    return fmt::format(
        "the device's log had {} entries at {}, and shows {} now: the device was set back to an older state",
        known.tree_size - 1, known.utc, shown.tree_size - 1);
  }
  if (known.lesson_id != shown.lesson_id) {
    return fmt::format("the device began another log; the one that is known had {} entries at {}",
                       known.tree_size - 1, known.utc);
  }
  return fmt::format(
      "the device's log does not contain the {} entries that it had at {}: it went on from an older state, "
      "or there "
      "are two of this device",
      known.tree_size - 1, known.utc);
}

Result<Checkpoint> stored_head(const std::string& text) {
  SHILU_TRY(const DsseEnvelope envelope, DsseEnvelope::from_json(text));
  return read_head(envelope);
}

}  // namespace

Result<Json> take_log_head(const Context& context, const Device& device, const Json& body) {
  SHILU_TRY(const Checkpoint shown, open_head(context, device, body));
  SHILU_TRY(const auto path, path_member(body));
  SHILU_TRY(const auto text,
            envelope_member(body, "checkpoint").map([](const auto& one) { return one.to_json(); }));
  SHILU_TRY(const auto known, context.store.device_log(device.id));
  if (!known) {
    SHILU_CHECK(context.store.put_device_log({device.id, text, 0, "consistent", "", std::nullopt}, ""));
    return Json{{"verdict", "consistent"}, {"detail", ""}};
  }
  SHILU_TRY(const Checkpoint good, stored_head(known->checkpoint));
  const LogVerdict verdict = journal::compare_heads(good, shown, path);
  DeviceLogRow row = *known;
  if (verdict == LogVerdict::kConsistent) {
    // A log that goes on again does not make the alarm untrue: somebody must have looked.
    row.checkpoint = text;
  } else {
    row.state = to_string(verdict);
    row.detail = sentence(verdict, good, shown);
    row.refused = text;
    log_warning("devices: device={} log {}: {}", device.id, row.state, row.detail);
  }
  SHILU_CHECK(context.store.put_device_log(row, known->checkpoint));
  return Json{{"verdict", row.state}, {"detail", row.detail}};
}

Result<Json> tell_log_head(const Context& context, const Device& device) {
  SHILU_TRY(const auto known, context.store.device_log(device.id));
  if (!known) return Json{{"log_id", nullptr}, {"tree_size", 0}};
  SHILU_TRY(const Checkpoint good, stored_head(known->checkpoint));
  return Json{{"log_id", good.lesson_id}, {"tree_size", good.tree_size}};
}

namespace {

Result<evidence::Fact> log_fact_of(const Context& context, std::string_view device_id) {
  SHILU_TRY(const auto known, context.store.device_log(device_id));
  if (!known)
    return evidence::Fact{"device-log", "absent", "the device has never shown its log", 0, false, false};
  const bool good = known->state == "consistent";
  SHILU_TRY(const Checkpoint head, stored_head(known->checkpoint));
  std::string detail = good ? fmt::format("the device's log goes on without a break, {} entries at {}",
                                          head.tree_size - 1, head.utc)
                            : known->detail;
  return evidence::Fact{"device-log", known->state, std::move(detail), 0, good, !good};
}

}  // namespace

Result<evidence::Fact> log_fact(const Context& context, const std::vector<std::string>& device_ids) {
  std::optional<evidence::Fact> told;
  for (const std::string& id : device_ids) {
    SHILU_TRY(evidence::Fact fact, log_fact_of(context, id));
    if (!told || (fact.bad && !told->bad)) told = std::move(fact);
  }
  if (!told) return fail(ErrorKind::kInvalidArgument, "nobody's log is asked for");
  return *std::move(told);
}

Result<Json> log_json(const Context& context, std::string_view device_id) {
  SHILU_TRY(const auto known, context.store.device_log(device_id));
  if (!known) return Json(nullptr);
  SHILU_TRY(const Checkpoint head, stored_head(known->checkpoint));
  return Json{{"state", known->state},
              {"detail", known->detail},
              {"tree_size", head.tree_size},
              {"seen_utc", utc_text(known->seen_utc_ms)}};
}

Status accept_log(const Context& context, std::string_view device_id) {
  SHILU_TRY(const auto known, context.store.device_log(device_id));
  if (!known || !known->refused)
    return fail(ErrorKind::kNotFound, "There is no alarm about the log of this device.");
  return context.store.put_device_log({known->device, *known->refused, 0, "consistent", "", std::nullopt},
                                      known->checkpoint);
}

}  // namespace shilu::platform

#include "firmware/portal/submission_json.h"

#include "firmware/base/dsse.h"
#include "firmware/base/json_io.h"
#include "firmware/portal/answers.h"

namespace shilu::portal {
namespace {

// The payload of an envelope that the outbox has verified before it stored it.
Json stored_payload(const std::optional<std::string>& envelope_json) {
  if (!envelope_json) return nullptr;
  const auto envelope = DsseEnvelope::from_json(*envelope_json);
  if (!envelope) return nullptr;
  auto payload = parse_json(as_text(envelope->payload));
  return payload ? std::move(*payload) : Json(nullptr);
}

Json pick(const Json& from, std::initializer_list<const char*> members) {
  if (!from.is_object()) return nullptr;
  Json picked = Json::object();
  for (const char* member : members) picked[member] = from.value(member, Json(nullptr));
  return picked;
}

Json error_text(const std::optional<std::string>& text) {
  return text && !text->empty() ? Json(*text) : Json(nullptr);
}

}  // namespace

Json submission_json(const Context& context, const store::Submission& submission) {
  const auto progress = context.outbox ? context.outbox->progress(submission.id) : std::nullopt;
  auto reasons = parse_json(submission.reasons.empty() ? "[]" : submission.reasons);
  return {
      {"id", submission.id},
      {"lesson", submission.lesson_id},
      {"clip", submission.clip_id},
      {"point", submission.point},
      {"state", to_string(submission.state)},
      {"paused", submission.paused},
      {"reasons", reasons ? std::move(*reasons) : Json::array()},
      {"package_sha256", submission.package_sha256 ? Json(*submission.package_sha256) : Json(nullptr)},
      {"size_bytes", submission.size_bytes.value_or(0)},
      {"acked_bytes", progress ? static_cast<std::int64_t>(progress->acked_bytes) : submission.acked_offset},
      {"rate_bytes_per_s", progress ? progress->rate_bytes_per_s : 0.0},
      {"seconds_left",
       progress && progress->rate_bytes_per_s > 0 ? Json(progress->seconds_left) : Json(nullptr)},
      {"attempts", submission.attempts},
      {"last_error", error_text(submission.last_error)},
      {"error_code", error_text(submission.error_code)},
      {"next_attempt_utc", utc_text(submission.next_attempt_utc_ms)},
      {"priority", submission.priority},
      {"created_utc", utc_text(submission.created_utc_ms)},
      {"receipt", pick(stored_payload(submission.receipt), {"number", "received_utc"})},
      {"verdict", pick(stored_payload(submission.verdict), {"level", "pieces", "reasons", "decided_utc"})}};
}

}  // namespace shilu::portal

#include "upload/evidence/revocation.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-revocations/1";

Result<Revocation> revocation_from(const Json& json) {
  Revocation one;
  SHILU_TRY(one.key_id, json_string(json, "key_id"));
  SHILU_TRY(const auto revoked, json_string(json, "revoked_utc"));
  SHILU_TRY(one.revoked, wall_from_rfc3339(revoked));
  SHILU_TRY(one.reason, json_string(json, "reason"));
  return one;
}

Result<RevocationList> list_from(const Json& json) {
  SHILU_TRY(const auto format, json_string(json, "format"));
  if (format != kFormat)
    return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is no list of revoked keys", format));
  RevocationList list;
  SHILU_TRY(list.platform, json_string(json, "platform"));
  SHILU_TRY(list.issued_utc, json_string(json, "issued_utc"));
  SHILU_TRY(const auto items, json_array(json, "revoked"));
  for (const Json& item : items) {
    SHILU_TRY(auto one, revocation_from(item));
    list.revoked.push_back(std::move(one));
  }
  return list;
}

}  // namespace

const Revocation* RevocationList::find(const PublicKey& key) const {
  // Revoked twice: the earlier moment counts.
  const Revocation* found = nullptr;
  for (const auto& one : revoked) {
    if (one.key_id == key.id() && (found == nullptr || one.revoked < found->revoked)) found = &one;
  }
  return found;
}

Result<DsseEnvelope> sign_revocations(const RevocationList& list, const SigningKey& key) {
  Json items = Json::array();
  for (const auto& one : list.revoked) {
    items.push_back(
        {{"key_id", one.key_id}, {"reason", one.reason}, {"revoked_utc", to_rfc3339(one.revoked)}});
  }
  const Json payload{{"format", kFormat},
                     {"issued_utc", list.issued_utc},
                     {"platform", list.platform},
                     {"revoked", std::move(items)}};
  return dsse_sign(kRevocationsType, as_bytes(canonical_json(payload)), key);
}

Result<RevocationList> open_revocations(const DsseEnvelope& envelope, const PublicKey& key) {
  if (envelope.payload_type != kRevocationsType)
    return fail(ErrorKind::kCorrupted,
                fmt::format("this is a {}, not a list of revoked keys", envelope.payload_type));
  if (!envelope.verified_by(key))
    return fail(ErrorKind::kPermissionDenied, "the list of revoked keys is not signed by the platform's key");
  auto list = parse_json(as_text(envelope.payload)).and_then(list_from);
  if (!list) return fail(ErrorKind::kCorrupted, list.error().message);
  return list;
}

}  // namespace shilu::evidence

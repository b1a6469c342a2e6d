#include "firmware/base/endorsement.h"

#include <fmt/format.h>

#include "firmware/base/clock.h"
#include "firmware/base/json_io.h"

namespace shilu {
namespace {

Result<PublicKey> key_member(const Json& object, std::string_view name) {
  SHILU_TRY(const auto pem, json_string(object, name));
  auto key = PublicKey::from_pem(pem);
  if (!key) return fail(key.error().within(name));
  return key;
}

Result<Endorsement> read(const DsseEnvelope& envelope) {
  SHILU_TRY(const auto json, parse_json(as_text(envelope.payload)));
  Endorsement endorsement;
  SHILU_TRY(endorsement.device_key, key_member(json, "device_key_pem"));
  SHILU_TRY(endorsement.previous_device_key, key_member(json, "previous_device_key_pem"));
  SHILU_TRY(endorsement.endorsed_utc, json_string(json, "endorsed_utc"));
  SHILU_CHECK(wall_from_rfc3339(endorsement.endorsed_utc).map([](WallTime) {}));
  return endorsement;
}

}  // namespace

Result<DsseEnvelope> endorse(const PublicKey& device_key, const std::string& endorsed_utc,
                             const SigningKey& previous) {
  const Json payload{{"device_key_pem", device_key.pem()},
                     {"endorsed_utc", endorsed_utc},
                     {"previous_device_key_pem", previous.public_key().pem()}};
  return dsse_sign(kEndorsementType, as_bytes(canonical_json(payload)), previous);
}

Result<Endorsement> open_endorsement(const DsseEnvelope& envelope) {
  if (envelope.payload_type != kEndorsementType)
    return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" endorses no device key", envelope.payload_type));
  auto endorsement = read(envelope);
  if (!endorsement) return fail(ErrorKind::kCorrupted, endorsement.error().within("the endorsement").message);
  if (!envelope.verified_by(endorsement->previous_device_key))
    return fail(ErrorKind::kCorrupted, "the endorsement is not signed by the device's older key");
  return endorsement;
}

Result<std::vector<Endorsement>> open_endorsements(const std::vector<DsseEnvelope>& envelopes,
                                                   const PublicKey& device_key) {
  if (envelopes.size() > kMaxEndorsements)
    return fail(ErrorKind::kCorrupted, fmt::format("there are more than {} endorsements", kMaxEndorsements));
  std::vector<Endorsement> chain;
  for (const auto& envelope : envelopes) {
    SHILU_TRY(auto endorsement, open_endorsement(envelope));
    const auto& expected = chain.empty() ? device_key : chain.back().previous_device_key;
    if (endorsement.device_key != expected)
      return fail(ErrorKind::kCorrupted, "an endorsement is of another device key than the one before it");
    chain.push_back(std::move(endorsement));
  }
  return chain;
}

}  // namespace shilu

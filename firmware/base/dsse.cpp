#include "firmware/base/dsse.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"

namespace shilu {

std::string DsseEnvelope::to_json() const {
  const auto quoted = [](std::string_view text) { return canonical_json(Json(text)); };
  return fmt::format(R"({{"payloadType":{},"payload":"{}","signatures":[{{"keyid":{},"sig":"{}"}}]}})",
                     quoted(payload_type), to_base64(payload), quoted(key_id), to_base64(signature));
}

Result<DsseEnvelope> DsseEnvelope::from_json(std::string_view text) {
  const auto decode = [](const Json& object, std::string_view key) -> Result<Bytes> {
    SHILU_TRY(const auto encoded, json_string(object, key));
    auto bytes = from_base64(encoded);
    if (!bytes) return fail(bytes.error().within(fmt::format("\"{}\"", key)));
    return bytes;
  };
  SHILU_TRY(const auto json, parse_json(text));
  DsseEnvelope envelope;
  SHILU_TRY(envelope.payload_type, json_string(json, "payloadType"));
  SHILU_TRY(envelope.payload, decode(json, "payload"));
  SHILU_TRY(const auto signatures, json_array(json, "signatures"));
  if (signatures.size() != 1) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("the envelope has {} signatures, not one", signatures.size()));
  }
  SHILU_TRY(envelope.key_id, json_string(signatures[0], "keyid"));
  SHILU_TRY(envelope.signature, decode(signatures[0], "sig"));
  return envelope;
}

bool DsseEnvelope::verified_by(const PublicKey& key) const {
  return key_id == key.id() && key.verify(dsse_pae(payload_type, payload), signature);
}

Bytes dsse_pae(std::string_view payload_type, ByteView payload) {
  Bytes pae = to_bytes(fmt::format("DSSEv1 {} {} {} ", payload_type.size(), payload_type, payload.size()));
  put_bytes(pae, payload);
  return pae;
}

Result<DsseEnvelope> dsse_sign(std::string_view payload_type, ByteView payload, const SigningKey& key) {
  SHILU_TRY(auto signature, key.sign(dsse_pae(payload_type, payload)));
  return DsseEnvelope{std::string(payload_type), Bytes(payload.begin(), payload.end()), key.public_key().id(),
                      std::move(signature)};
}

}  // namespace shilu

#include "upload/evidence/seal.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-seal/1";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kCorrupted, std::move(message));
}

Result<Digest> digest_member(const Json& json, std::string_view name) {
  SHILU_TRY(const std::string hex, json_string(json, name));
  return digest_from_hex(hex);
}

Result<Seal> seal_from(const Json& json) {
  Seal seal;
  SHILU_TRY(seal.name, json_string(json, "name"));
  SHILU_TRY(seal.tagmanifest_sha256, digest_member(json, "tagmanifest_sha256"));
  SHILU_TRY(const Json list, json_array(json, "withholdable"));
  for (const Json& item : list) {
    Seal::Withholdable one;
    SHILU_TRY(one.file, json_string(item, "file"));
    SHILU_TRY(one.sha256, digest_member(item, "sha256"));
    seal.withholdable.push_back(std::move(one));
  }
  SHILU_TRY(seal.device_id, json_string(json, "device_id"));
  SHILU_TRY(seal.key_level, json_string(json, "key_level"));
  SHILU_TRY(seal.sealed_utc, json_string(json, "sealed_utc"));
  SHILU_TRY(seal.synchronised, json_bool(json, "synchronised"));
  SHILU_TRY(seal.error_ms, json_int(json, "error_ms"));
  return seal;
}

// An envelope that is written exactly as we write them: so that no byte of the file is free.
Result<DsseEnvelope> exact_envelope(std::string_view text, std::string_view what) {
  auto envelope = DsseEnvelope::from_json(text);
  if (!envelope) return invalid(envelope.error().within(what).message);
  if (envelope->to_json() != text) return invalid(fmt::format("{} is not written as it was signed", what));
  return envelope;
}

Result<Seal> read_payload(const DsseEnvelope& envelope) {
  auto seal = parse_json(as_text(envelope.payload)).and_then(seal_from);
  if (!seal) return invalid(seal.error().within("seal.json").message);
  if (seal->payload() != as_text(envelope.payload)) {
    return invalid("seal.json says what format shilu-seal/1 does not know");
  }
  return seal;
}

}  // namespace

std::string Seal::payload() const {
  Json list = Json::array();
  for (const Withholdable& one : withholdable)
    list.push_back({{"file", one.file}, {"sha256", to_hex(one.sha256)}});
  return canonical_json({{"format", kFormat},
                         {"name", name},
                         {"tagmanifest_sha256", to_hex(tagmanifest_sha256)},
                         {"withholdable", std::move(list)},
                         {"device_id", device_id},
                         {"key_level", key_level},
                         {"sealed_utc", sealed_utc},
                         {"synchronised", synchronised},
                         {"error_ms", error_ms},
                         {"signatures_expected", true}});
}

Result<std::string> sign_seal(const Seal& seal, const SigningKey& key) {
  SHILU_TRY(const auto envelope, dsse_sign(kSealType, as_bytes(seal.payload()), key));
  return envelope.to_json();
}

Result<OpenedSeal> open_seal(std::string_view seal_json, std::string_view certificate_json) {
  SHILU_TRY(const DsseEnvelope envelope, exact_envelope(seal_json, "seal.json"));
  SHILU_TRY(DsseEnvelope certificate_envelope, exact_envelope(certificate_json, "seal-certificate.json"));
  auto certificate = KeyCertificate::from_envelope(std::move(certificate_envelope));
  if (!certificate) return invalid(certificate.error().within("seal-certificate.json").message);
  if (certificate->role != KeyRole::kSeal)
    return invalid("seal-certificate.json is of a key that is not for seals");
  if (envelope.payload_type != kSealType)
    return invalid(fmt::format("seal.json is a {}", envelope.payload_type));
  if (!envelope.verified_by(certificate->key)) {
    return invalid("the signature in seal.json is not of the key that seal-certificate.json certifies");
  }
  SHILU_TRY(Seal seal, read_payload(envelope));
  if (seal.device_id != certificate->device_id || seal.key_level != certificate->key_level) {
    return invalid("seal.json speaks of another device than seal-certificate.json");
  }
  return OpenedSeal{std::move(seal), std::move(*certificate)};
}

}  // namespace shilu::evidence

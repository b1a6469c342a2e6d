#include "firmware/base/certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu {
namespace {

constexpr std::size_t kDeviceIdDigits = 16;

Result<KeyRole> role_from(std::string_view text) {
  for (const auto role : {KeyRole::kRecording, KeyRole::kSeal}) {
    if (text == to_string(role)) return role;
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not a role of a key", text));
}

Result<PublicKey> key_member(const Json& object, std::string_view name) {
  SHILU_TRY(const auto pem, json_string(object, name));
  auto key = PublicKey::from_pem(pem);
  if (!key) return fail(key.error().within(name));
  return key;
}

Result<std::string> time_member(const Json& object, std::string_view name) {
  SHILU_TRY(auto text, json_string(object, name));
  SHILU_CHECK(wall_from_rfc3339(text).map([](WallTime) {}));
  return text;
}

Result<std::vector<Endorsement>> endorsements_member(const Json& object, const PublicKey& device_key) {
  SHILU_TRY(const auto list, json_array(object, "endorsements"));
  std::vector<DsseEnvelope> envelopes;
  for (const auto& item : list) {
    SHILU_TRY(auto envelope, DsseEnvelope::from_json(canonical_json(item)));
    envelopes.push_back(std::move(envelope));
  }
  return open_endorsements(envelopes, device_key);
}

Result<KeyCertificate> read(const Json& json) {
  KeyCertificate certificate;
  SHILU_TRY(const auto role, json_string(json, "role"));
  SHILU_TRY(certificate.role, role_from(role));
  SHILU_TRY(certificate.key, key_member(json, "key_pem"));
  SHILU_TRY(certificate.device_key, key_member(json, "device_key_pem"));
  SHILU_TRY(certificate.device_id, json_string(json, "device_id"));
  SHILU_TRY(certificate.issued_utc, time_member(json, "issued_utc"));
  SHILU_TRY(certificate.not_before_utc, time_member(json, "not_before_utc"));
  SHILU_TRY(certificate.not_after_utc, time_member(json, "not_after_utc"));
  SHILU_TRY(certificate.key_level, json_string(json, "key_level"));
  SHILU_CHECK(key_level_from(certificate.key_level).map([](KeyLevel) {}));
  SHILU_TRY(certificate.endorsements, endorsements_member(json, certificate.device_key));
  return certificate;
}

bool can_be_in_hardware(const PublicKey& key) {
  return key.algorithm() == KeyAlgorithm::kEcdsaP256;
}

Status check(const KeyCertificate& certificate) {
  if (certificate.device_id != device_id_of(certificate.device_key)) {
    return fail(ErrorKind::kCorrupted, "the certificate names a device that is not that of its device key");
  }
  if (certificate.not_after() < certificate.not_before())
    return fail(ErrorKind::kCorrupted, "the certificate ends before it begins");
  const bool hardware = certificate.key_level == to_string(KeyLevel::kHardware);
  if (hardware && !(can_be_in_hardware(certificate.key) && can_be_in_hardware(certificate.device_key))) {
    return fail(
        ErrorKind::kCorrupted,
        "the certificate says that its keys are in hardware, and they are of the kind that files hold");
  }
  return {};
}

}  // namespace

std::string_view to_string(KeyRole role) {
  return role == KeyRole::kRecording ? "recording" : "seal";
}

std::string device_id_of(const PublicKey& device_key) {
  const std::string_view prefix = "sha256:";
  return "d-" + device_key.id().substr(prefix.size(), kDeviceIdDigits);
}

Result<KeyCertificate> KeyCertificate::from_envelope(DsseEnvelope envelope) {
  if (envelope.payload_type != kCertificateType) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("\"{}\" is not a key certificate", envelope.payload_type));
  }
  SHILU_TRY(const auto json, parse_json(as_text(envelope.payload)));
  SHILU_TRY(auto certificate, read(json));
  SHILU_CHECK(check(certificate));
  if (!envelope.verified_by(certificate.device_key)) {
    return fail(ErrorKind::kCorrupted, "the certificate is not signed by the device key that it names");
  }
  certificate.envelope = std::move(envelope);
  return certificate;
}

// Both were read before.
WallTime KeyCertificate::not_before() const {
  return wall_from_rfc3339(not_before_utc).value_or(WallTime{});
}
WallTime KeyCertificate::not_after() const {
  return wall_from_rfc3339(not_after_utc).value_or(WallTime{});
}

std::vector<PublicKey> KeyCertificate::device_keys() const {
  std::vector<PublicKey> keys{device_key};
  for (const auto& one : endorsements) keys.push_back(one.previous_device_key);
  return keys;
}

bool KeyCertificate::is_of_device(const PublicKey& other) const {
  const auto keys = device_keys();
  return std::find(keys.begin(), keys.end(), other) != keys.end();
}

}  // namespace shilu

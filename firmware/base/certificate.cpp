#include "firmware/base/certificate.h"

#include <fmt/format.h>

#include "firmware/base/clock.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu {
namespace {

constexpr std::string_view kKeyLevel = "software";
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

std::string now_in_seconds() {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto now = SystemClock().wall().ns;
  auto text = to_rfc3339(WallTime{now - now % kSecond});
  text.erase(text.size() - std::string_view(".000Z").size());
  return text + "Z";
}

DsseEnvelope issue(const SigningKey& device, const PublicKey& key, KeyRole role) {
  const Json payload{{"device_id", device_id_of(device.public_key())},
                     {"device_key_pem", device.public_key().pem()},
                     {"issued_utc", now_in_seconds()},
                     {"key_pem", key.pem()},
                     {"key_level", kKeyLevel},
                     {"role", to_string(role)}};
  return dsse_sign(kCertificateType, as_bytes(canonical_json(payload)), device);
}

Status make_private_directory(const std::filesystem::path& directory) {
  if (posix_file_system().exists(directory)) return {};
  SHILU_CHECK(posix_file_system().create_directories(directory));
  std::error_code error;
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return fail_errno(error.value(), fmt::format("set the mode of {}", directory.string()));
  return {};
}

// The certificate of the file, or nothing yet. A certificate of another key is damage, never mended in
// silence: what it certified is out in the world.
Result<KeyCertificate> load_certificate(const std::filesystem::path& file, const PublicKey& key,
                                        KeyRole role) {
  SHILU_TRY(const auto text, read_text_file(file, 64u << 10));
  auto envelope = DsseEnvelope::from_json(text);
  if (!envelope) return fail(ErrorKind::kCorrupted, envelope.error().within(file.string()).message);
  auto certificate = KeyCertificate::from_envelope(std::move(*envelope));
  if (!certificate) return fail(ErrorKind::kCorrupted, certificate.error().within(file.string()).message);
  if (certificate->key != key || certificate->role != role) {
    return fail(ErrorKind::kCorrupted,
                fmt::format("{} certifies another key than the one beside it", file.string()));
  }
  return certificate;
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
  KeyCertificate certificate;
  SHILU_TRY(const auto role, json_string(json, "role"));
  SHILU_TRY(certificate.role, role_from(role));
  SHILU_TRY(certificate.key, key_member(json, "key_pem"));
  SHILU_TRY(certificate.device_key, key_member(json, "device_key_pem"));
  SHILU_TRY(certificate.device_id, json_string(json, "device_id"));
  SHILU_TRY(certificate.issued_utc, json_string(json, "issued_utc"));
  SHILU_TRY(certificate.key_level, json_string(json, "key_level"));
  SHILU_CHECK(wall_from_rfc3339(certificate.issued_utc).map([](WallTime) {}));
  if (certificate.device_id != device_id_of(certificate.device_key)) {
    return fail(ErrorKind::kCorrupted, "the certificate names a device that is not that of its device key");
  }
  if (!envelope.verified_by(certificate.device_key)) {
    return fail(ErrorKind::kCorrupted, "the certificate is not signed by the device key that it names");
  }
  certificate.envelope = std::move(envelope);
  return certificate;
}

Result<CertifiedKey> load_or_create_certified(const std::filesystem::path& directory, KeyRole role) {
  SHILU_CHECK(make_private_directory(directory));
  const std::string name(to_string(role));
  SHILU_TRY(auto key, SigningKey::load_or_create(directory / (name + ".key")));
  const auto file = directory / (name + ".cert.json");
  auto certificate = load_certificate(file, key.public_key(), role);
  if (!certificate && certificate.error().kind == ErrorKind::kNotFound) {
    // Only now is the device key needed: a process whose certificate stands may be kept away from it.
    SHILU_TRY(const auto device, SigningKey::load_or_create(directory / "device.key"));
    const auto envelope = issue(device, key.public_key(), role);
    const auto written = write_new_file_atomic(file, as_bytes(envelope.to_json()), 0644);
    if (!written && written.error().kind != ErrorKind::kAlreadyExists) return fail(written.error());
    certificate = load_certificate(file, key.public_key(), role);
  }
  if (!certificate) return fail(certificate.error());
  return CertifiedKey{std::move(key), std::move(*certificate)};
}

}  // namespace shilu

// The keys of a device in their directory: certificate.h, load_or_create_certified and below.

#include <fmt/format.h>

#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"

namespace shilu {
namespace {

using std::filesystem::path;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kYear = 365 * 86'400 * kSecond;
constexpr std::int64_t kValidity = 2 * kYear;
constexpr const char* kDeviceKey = "device.key";
constexpr const char* kNewDeviceKey = "device.new.key";
constexpr const char* kEndorsements = "device.endorsements.json";

struct Now {
  WallTime wall;
  bool synchronised = false;
};

Now now_of(const KeyOptions& options) {
  const SystemClock system;
  const Clock& clock = options.clock == nullptr ? system : *options.clock;
  return {clock.wall(), clock.quality().synchronised};
}

std::string in_seconds(WallTime time) {
  auto text = to_rfc3339(WallTime{time.ns - time.ns % kSecond});
  text.erase(text.size() - std::string_view(".000Z").size());
  return text + "Z";
}

// The files of one role's key: the present one, or the one before.
struct KeyFiles {
  path key, certificate;

  KeyFiles(const path& directory, KeyRole role, std::string_view which)
      : key(directory / fmt::format("{}{}.key", to_string(role), which)),
        certificate(directory / fmt::format("{}{}.cert.json", to_string(role), which)) {}
};
KeyFiles present(const path& directory, KeyRole role) {
  return {directory, role, ""};
}
KeyFiles previous(const path& directory, KeyRole role) {
  return {directory, role, ".previous"};
}

Status make_private_directory(const path& directory) {
  if (posix_file_system().exists(directory)) return {};
  SHILU_CHECK(posix_file_system().create_directories(directory));
  std::error_code error;
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return fail_errno(error.value(), fmt::format("set the mode of {}", directory.string()));
  return {};
}

// --- endorsements of the device key

Result<Json> load_endorsements(const path& directory) {
  const auto text = read_text_file(directory / kEndorsements, 1u << 20);
  if (!text && text.error().kind == ErrorKind::kNotFound) return Json(Json::array());
  if (!text) return fail(text.error());
  auto json = parse_json(*text);
  if (!json || !json->is_array())
    return fail(ErrorKind::kCorrupted, fmt::format("{} is damaged", (directory / kEndorsements).string()));
  return json;
}

// --- certificates

Result<DsseEnvelope> issue(const path& directory, const SigningKey& device, const SigningKey& key,
                           KeyRole role, WallTime now) {
  SHILU_TRY(const auto endorsements, load_endorsements(directory));
  const bool hardware = device.level() == KeyLevel::kHardware && key.level() == KeyLevel::kHardware;
  const Json payload{{"device_id", device_id_of(device.public_key())},
                     {"device_key_pem", device.public_key().pem()},
                     {"endorsements", endorsements},
                     {"issued_utc", in_seconds(now)},
                     {"key_pem", key.public_key().pem()},
                     {"key_level", to_string(hardware ? KeyLevel::kHardware : KeyLevel::kSoftware)},
                     {"not_after_utc", in_seconds(WallTime{now.ns + kValidity})},
                     {"not_before_utc", in_seconds(now)},
                     {"role", to_string(role)}};
  return dsse_sign(kCertificateType, as_bytes(canonical_json(payload)), device);
}

// The certificate of the file, or nothing yet. A certificate of another key is damage, never mended in
// silence: what it certified is out in the world.
Result<KeyCertificate> load_certificate(const path& file, const PublicKey& key, KeyRole role) {
  SHILU_TRY(const auto text, read_text_file(file, 1u << 20));
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

Result<CertifiedKey> load_pair(const KeyFiles& files, KeyRole role, const std::string& tpm) {
  SHILU_TRY(auto key, SigningKey::load(files.key, tpm));
  SHILU_TRY(auto certificate, load_certificate(files.certificate, key.public_key(), role));
  return CertifiedKey{std::move(key), std::move(certificate)};
}

Result<CertifiedKey> load_or_create(const path& directory, KeyRole role, const std::string& tpm,
                                    WallTime now) {
  const auto files = present(directory, role);
  SHILU_TRY(auto key, SigningKey::load_or_create(files.key, tpm));
  auto certificate = load_certificate(files.certificate, key.public_key(), role);
  if (!certificate && certificate.error().kind == ErrorKind::kNotFound) {
    // Only now is the device key needed: a process whose certificate stands may be kept away from it.
    SHILU_TRY(const auto device, SigningKey::load_or_create(directory / kDeviceKey, tpm));
    SHILU_TRY(const auto envelope, issue(directory, device, key, role, now));
    const auto written = write_new_file_atomic(files.certificate, as_bytes(envelope.to_json()), 0644);
    if (!written && written.error().kind != ErrorKind::kAlreadyExists) return fail(written.error());
    certificate = load_certificate(files.certificate, key.public_key(), role);
  }
  if (!certificate) return fail(certificate.error());
  return CertifiedKey{std::move(key), std::move(*certificate)};
}

// --- rotation

bool is_due(const KeyCertificate& certificate, const Now& now) {
  if (now.wall.ns > certificate.not_after().ns - kYear) return true;
  // A clock that was ahead when the certificate was made: nothing signed now would count.
  return now.synchronised && now.wall < certificate.not_before();
}

// The certificate first: a key without one gets a new one at the next start, a certificate without its key
// would be damage.
Status set_aside(const path& directory, KeyRole role) {
  auto& files = posix_file_system();
  const auto from = present(directory, role);
  const auto to = previous(directory, role);
  if (!files.exists(from.key) || !files.exists(from.certificate)) return {};
  SHILU_CHECK(files.rename(from.certificate, to.certificate));
  SHILU_CHECK(files.rename(from.key, to.key));
  return files.sync_directory(directory);
}

// What rotation needs is there, before anything is moved.
Status check_device_key(const path& directory, const std::string& tpm) {
  SHILU_TRY(const auto device, SigningKey::load(directory / kDeviceKey, tpm));
  return device.sign(as_bytes("can it sign?")).map([](const Bytes&) {});
}

Status store_endorsement(const path& directory, const SigningKey& device, const SigningKey& next,
                         WallTime now) {
  SHILU_TRY(auto list, load_endorsements(directory));
  SHILU_TRY(const auto envelope, endorse(next.public_key(), in_seconds(now), device));
  SHILU_TRY(auto json, parse_json(envelope.to_json()));
  list.insert(list.begin(), std::move(json));
  if (list.size() > kMaxEndorsements)
    return fail(
        ErrorKind::kFailedPrecondition,
        fmt::format("the device key was changed {} times already; enrol the device anew", kMaxEndorsements));
  return write_file_atomic(directory / kEndorsements, as_bytes(canonical_json(list)), 0644);
}

}  // namespace

Result<CertifiedKey> load_or_create_certified(const path& directory, KeyRole role,
                                              const KeyOptions& options) {
  SHILU_CHECK(make_private_directory(directory));
  const Now now = now_of(options);
  SHILU_TRY(auto pair, load_or_create(directory, role, options.tpm, now.wall));
  if (!is_due(pair.certificate, now)) return pair;
  if (const auto rotated = rotate_key(directory, role, options); !rotated) {
    log_warning("the {} key is due to be changed, and cannot be: {}", to_string(role),
                rotated.error().message);
    return pair;
  }
  return load_or_create(directory, role, options.tpm, now.wall);
}

Result<CertifiedKey> load_previous_certified(const path& directory, KeyRole role, const KeyOptions& options) {
  return load_pair(previous(directory, role), role, options.tpm);
}

Status rotate_key(const path& directory, KeyRole role, const KeyOptions& options) {
  SHILU_CHECK(check_device_key(directory, options.tpm));
  SHILU_CHECK(set_aside(directory, role));
  return load_or_create(directory, role, options.tpm, now_of(options).wall).map([](const CertifiedKey&) {});
}

// The new key waits in a file of its own until its endorsement is stored: cut short before that, the next
// call goes on with it.
Status rotate_device_key(const path& directory, const KeyOptions& options) {
  auto& files = posix_file_system();
  SHILU_TRY(const auto device, SigningKey::load(directory / kDeviceKey, options.tpm));
  SHILU_TRY(const auto next, SigningKey::load_or_create(directory / kNewDeviceKey, options.tpm));
  SHILU_TRY(const auto list, load_endorsements(directory));
  const auto newest = list.empty()
                          ? Result<Endorsement>(fail(ErrorKind::kNotFound, ""))
                          : DsseEnvelope::from_json(canonical_json(list.front())).and_then(open_endorsement);
  const bool endorsed = newest && newest->device_key == next.public_key();
  if (!endorsed) SHILU_CHECK(store_endorsement(directory, device, next, now_of(options).wall));
  SHILU_CHECK(files.rename(directory / kNewDeviceKey, directory / kDeviceKey));  // the old key is gone
  SHILU_CHECK(files.sync_directory(directory));
  for (const auto role : {KeyRole::kRecording, KeyRole::kSeal})
    SHILU_CHECK(rotate_key(directory, role, options));
  return {};
}

}  // namespace shilu

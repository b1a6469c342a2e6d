#include "upload/platform/key_registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "upload/platform/answers.h"

namespace shilu::platform {
namespace {

std::int64_t ms_of(WallTime time) {
  return time.ns / 1'000'000;
}

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::kPermissionDenied, std::move(message));
}

bool belongs(const std::vector<DeviceKey>& known, const Device& device, const PublicKey& key) {
  if (key.pem() == device.key_pem) return true;
  return std::any_of(known.begin(), known.end(), [&](const DeviceKey& one) {
    return one.id == key.id() && one.device == device.id && one.role == "device";
  });
}

// Oldest first, so that each finds the one that endorsed it.
Status store_device_keys(const Context& context, const Device& device, const KeyCertificate& certificate) {
  const auto keys = certificate.device_keys();
  std::optional<std::string> endorsed_by;
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    DeviceKey row{key->id(),    device.id,    "device",     key->pem(),
                  std::nullopt, std::nullopt, std::nullopt, endorsed_by};
    if (*key == certificate.device_key) row.level = certificate.key_level;
    SHILU_CHECK(context.store.put_device_key(row));
    endorsed_by = key->id();
  }
  return {};
}

Status check_revoked(const Context& context, const KeyCertificate& certificate) {
  SHILU_TRY(const auto list, revocation_list(context));
  // An older device key may have been revoked after it handed over.
  for (const auto* key : {&certificate.key, &certificate.device_key}) {
    if (list.find(*key) != nullptr) return refuse(fmt::format("the key {} is revoked", key->id()));
  }
  for (const auto& one : certificate.endorsements) {
    const auto* revoked = list.find(one.previous_device_key);
    const auto endorsed = wall_from_rfc3339(one.endorsed_utc);
    if (revoked != nullptr && (!endorsed || revoked->revoked <= *endorsed))
      return refuse("a device key was revoked before it endorsed the next one");
  }
  return {};
}

}  // namespace

Status register_certificate(const Context& context, const Device& device, const DsseEnvelope& envelope) {
  SHILU_TRY(const auto certificate, KeyCertificate::from_envelope(envelope));
  SHILU_TRY(const auto known, context.store.device_keys());
  const auto keys = certificate.device_keys();
  if (!std::any_of(keys.begin(), keys.end(),
                   [&](const PublicKey& key) { return belongs(known, device, key); }))
    return refuse("the certificate is not of this device");
  SHILU_CHECK(check_revoked(context, certificate));
  SHILU_CHECK(store_device_keys(context, device, certificate));
  return context.store.put_device_key(
      {certificate.key.id(), device.id, std::string(to_string(certificate.role)), certificate.key.pem(),
       certificate.key_level, ms_of(certificate.not_before()), ms_of(certificate.not_after()), std::nullopt});
}

Result<evidence::RevocationList> revocation_list(const Context& context) {
  SHILU_TRY(auto revoked, context.store.revocations());
  return evidence::RevocationList{context.settings.name, to_rfc3339(context.clock.wall()),
                                  std::move(revoked)};
}

Result<std::vector<std::string>> devices_of(const Context& context, const std::vector<PublicKey>& keys) {
  SHILU_TRY(const auto devices, context.store.devices());
  SHILU_TRY(const auto known, context.store.device_keys());
  std::vector<std::string> ids;
  for (const Device& device : devices) {
    if (std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return belongs(known, device, key); }))
      ids.push_back(device.id);
  }
  return ids;
}

Result<evidence::VerifyOptions> verify_options(const Context& context) {
  evidence::VerifyOptions options;
  SHILU_TRY(const auto devices, context.store.devices());
  for (const Device& device : devices) {
    SHILU_TRY(PublicKey key, PublicKey::from_pem(device.key_pem));
    options.trusted_devices.push_back(std::move(key));
  }
  SHILU_TRY(const auto keys, context.store.device_keys());
  for (const DeviceKey& key : keys) {
    if (key.role != "device") continue;
    SHILU_TRY(PublicKey known, PublicKey::from_pem(key.pem));
    if (key.level) options.enrolled_levels[known.id()] = *key.level;
    options.trusted_devices.push_back(std::move(known));
  }
  SHILU_TRY(options.revocations, revocation_list(context));
  options.now = context.clock.wall();
  options.receipt_key = context.receipt_key.public_key();  // its own nonces
  options.time_stamp_roots = context.settings.time_stamp_roots;
  return options;
}

}  // namespace shilu::platform

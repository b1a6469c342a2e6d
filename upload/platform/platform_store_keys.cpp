// Keys of devices, and their revocation.

#include "upload/platform/platform_store.h"
#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {
namespace {

Result<DeviceKey> read_device_key(const store::Row& row) {
  DeviceKey key;
  row.read(key.id, key.device, key.role, key.pem, key.level, key.not_before_utc_ms, key.not_after_utc_ms,
           key.endorsed_by);
  return key;
}

Result<evidence::Revocation> read_revocation(const store::Row& row) {
  evidence::Revocation one;
  std::int64_t revoked_utc_ms = 0;
  row.read(one.key_id, revoked_utc_ms, one.reason);
  one.revoked = WallTime{revoked_utc_ms * 1'000'000};
  return one;
}

constexpr std::string_view kSame = "The platform knows this key as another device's, or with another level.";

}  // namespace

Status PlatformStore::put_device_key(const DeviceKey& key) {
  const std::lock_guard lock(impl_->mutex);
  // A level that was not known yet is taken; one that was known stays, and another one is refused.
  return expect_step(
      impl_->database.run(
          "insert into device_keys values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (id) do update "
          "set "
          "key_level = coalesce(key_level, excluded.key_level), "
          "not_before_utc_ms = excluded.not_before_utc_ms, not_after_utc_ms = excluded.not_after_utc_ms "
          "where device = excluded.device and role = excluded.role and "
          "(key_level is null or excluded.key_level is null or key_level = excluded.key_level)",
          key.id, key.device, key.role, key.pem, key.level, key.not_before_utc_ms, key.not_after_utc_ms,
          key.endorsed_by, impl_->now_ms()),
      kSame);
}

Result<std::vector<DeviceKey>> PlatformStore::device_keys() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(
      impl_->database.query("select id, device, role, key_pem, key_level, not_before_utc_ms, "
                            "not_after_utc_ms, endorsed_by from device_keys order by device, id"),
      read_device_key);
}

Status PlatformStore::revoke(const evidence::Revocation& revocation) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run(
      "insert into revocations values (?1, ?2, ?3, ?4) on conflict (key_id) do update set "
      "reason = excluded.reason, revoked_utc_ms = excluded.revoked_utc_ms "
      "where excluded.revoked_utc_ms < revoked_utc_ms",
      revocation.key_id, revocation.revoked.ns / 1'000'000, revocation.reason, impl_->now_ms()));
}

Result<std::vector<evidence::Revocation>> PlatformStore::revocations() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(
      impl_->database.query("select key_id, revoked_utc_ms, reason from revocations order by key_id"),
      read_revocation);
}

}  // namespace shilu::platform

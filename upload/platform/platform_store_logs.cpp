// Heads of the devices' logs.

#include "upload/platform/platform_store.h"
#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {
namespace {

Result<DeviceLogRow> read_log_row(const store::Row& row) {
  DeviceLogRow log;
  row.read(log.device, log.checkpoint, log.seen_utc_ms, log.state, log.detail, log.refused);
  return log;
}

}  // namespace

Status PlatformStore::put_device_log(const DeviceLogRow& log, std::string_view replaces) {
  const std::lock_guard lock(impl_->mutex);
  return expect_step(
      impl_->database.run(
          "insert into device_logs values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (device) do update set "
          "checkpoint = excluded.checkpoint, seen_utc_ms = excluded.seen_utc_ms, state = excluded.state, "
          "detail = excluded.detail, refused = excluded.refused where checkpoint = ?7",
          log.device, log.checkpoint, impl_->now_ms(), log.state, log.detail, log.refused, replaces),
      "Another head of this device came at the same time.");
}

Result<std::optional<DeviceLogRow>> PlatformStore::device_log(std::string_view device_id) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(
      impl_->database.query("select device, checkpoint, seen_utc_ms, state, detail, refused from device_logs "
                            "where device = ?1",
                            device_id),
      read_log_row);
}

}  // namespace shilu::platform

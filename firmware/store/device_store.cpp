#include "firmware/store/device_store.h"

#include "firmware/store/device_schema.h"
#include "firmware/store/device_store_impl.h"

namespace shilu::store {

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

DeviceStore::DeviceStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DeviceStore::DeviceStore(DeviceStore&&) noexcept = default;
DeviceStore& DeviceStore::operator=(DeviceStore&&) noexcept = default;
DeviceStore::~DeviceStore() = default;

Result<DeviceStore> DeviceStore::open(const std::filesystem::path& file, const Clock& clock) {
  SHILU_TRY(auto database, Database::open(file, device_schema()));
  return DeviceStore(std::make_unique<Impl>(std::move(database), clock));
}

Status DeviceStore::check() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->database.check();
}

}  // namespace shilu::store

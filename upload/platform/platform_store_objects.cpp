// Uploads that come through an S3-compatible store.

#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {
namespace {

constexpr std::string_view kObject =
    "select id, device, size_bytes, offset_bytes, announced_sha256, metadata, expires_utc_ms, taken, "
    "object_key, "
    "store_upload_id, joined from object_uploads join uploads on id = upload ";

Result<ObjectUpload> read_object(const store::Row& row) {
  ObjectUpload object;
  Upload& upload = object.upload;
  row.read(upload.id, upload.device_id, upload.size_bytes, upload.offset_bytes, upload.announced_sha256,
           upload.metadata, upload.expires_utc_ms, upload.taken, object.key, object.store_upload_id,
           object.joined);
  return object;
}

}  // namespace

Status PlatformStore::create_object_upload(const ObjectUpload& object) {
  const Upload& upload = object.upload;
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(auto transaction, store::Transaction::begin(database));
  SHILU_CHECK(done(database.run("insert into uploads values (?1, ?2, ?3, 0, ?4, ?5, ?6, 0)", upload.id,
                                upload.device_id, upload.size_bytes, upload.announced_sha256, upload.metadata,
                                upload.expires_utc_ms)));
  SHILU_CHECK(done(database.run("insert into object_uploads values (?1, ?2, ?3, 0)", upload.id, object.key,
                                object.store_upload_id)));
  return transaction.commit();
}

Result<std::optional<ObjectUpload>> PlatformStore::object_upload(std::string_view upload_id) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query(std::string(kObject) + "where upload = ?1", upload_id),
                            read_object);
}

Status PlatformStore::set_joined(std::string_view upload_id) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("update object_uploads set joined = 1 where upload = ?1", upload_id));
}

Result<std::vector<ObjectUpload>> PlatformStore::joined_objects() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(std::string(kObject) +
                                          "where joined = 1 and offset_bytes < size_bytes order by upload"),
                    read_object);
}

}  // namespace shilu::platform

// Opening, devices and uploads.

#include "upload/platform/platform_store.h"

#include <algorithm>
#include <array>

#include "firmware/base/digest.h"
#include "firmware/store/migration.h"
#include "upload/platform/platform_store_impl.h"

namespace shilu::platform {

extern const std::string_view kPlatformSchema1;  // platform_schema_1.sql
extern const std::string_view kPlatformSchema2;
extern const std::string_view kPlatformSchema3;
extern const std::string_view kPlatformSchema4;
extern const std::string_view kPlatformSchema5;

namespace {

const store::Schema& platform_schema() {
  static constexpr std::int32_t kApplicationId = 0x5348504c;  // "SHPL"
  static const std::array<store::Migration, 5> migrations{{{1, kPlatformSchema1},
                                                           {2, kPlatformSchema2},
                                                           {3, kPlatformSchema3},
                                                           {4, kPlatformSchema4},
                                                           {5, kPlatformSchema5}}};
  static const store::Schema schema{kApplicationId, migrations};
  return schema;
}

Result<Device> read_device(const store::Row& row) {
  Device device;
  row.read(device.id, device.name, device.key_pem);
  return device;
}

Result<Upload> read_upload(const store::Row& row) {
  Upload upload;
  row.read(upload.id, upload.device_id, upload.size_bytes, upload.offset_bytes, upload.announced_sha256,
           upload.metadata, upload.expires_utc_ms, upload.taken);
  return upload;
}

constexpr std::string_view kDevice = "select id, name, key_pem from devices ";
constexpr std::string_view kUpload =
    "select id, device, size_bytes, offset_bytes, announced_sha256, metadata, expires_utc_ms, taken "
    "from uploads ";

std::vector<Digest> digests_in(ByteView bytes) {
  std::vector<Digest> digests(bytes.size() / sizeof(Digest));
  for (std::size_t i = 0; i < digests.size(); ++i)
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Digest)), sizeof(Digest),
                digests[i].begin());
  return digests;
}

std::string with(std::string_view select, std::string_view where) {
  return std::string(select) + std::string(where);
}

}  // namespace

PlatformStore::PlatformStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PlatformStore::PlatformStore(PlatformStore&&) noexcept = default;
PlatformStore& PlatformStore::operator=(PlatformStore&&) noexcept = default;
PlatformStore::~PlatformStore() = default;

Result<PlatformStore> PlatformStore::open(const std::filesystem::path& file, const Clock& clock,
                                          PasswordCost password_cost) {
  SHILU_TRY(store::Database database, store::Database::open(file, platform_schema()));
  return PlatformStore(std::make_unique<Impl>(std::move(database), clock, password_cost));
}

Result<std::string> PlatformStore::enrol(const Device& device) {
  std::string token = new_token();
  const std::lock_guard lock(impl_->mutex);
  SHILU_CHECK(done(impl_->database.run(
      "insert into devices values (?1, ?2, ?3, ?4, ?5) on conflict (id) do update set name = excluded.name, "
      "token_hash = excluded.token_hash, enrolled_utc_ms = excluded.enrolled_utc_ms",
      device.id, device.name, device.key_pem, ByteView(sha256(token)), impl_->now_ms())));
  return token;
}

Result<std::optional<Device>> PlatformStore::device_of_token(std::string_view token) {
  const Digest hash = sha256(token);
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query(with(kDevice, "where token_hash = ?1"), ByteView(hash)),
                            read_device);
}

Result<std::vector<Device>> PlatformStore::devices() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(impl_->database.query(with(kDevice, "order by id")), read_device);
}

Status PlatformStore::put_offer(const OfferedBlocks& offer) {
  Bytes blocks;
  for (const Digest& block : offer.blocks) put_bytes(blocks, block);
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run(
      "insert into offers values (?1, ?2, ?3, ?4, ?5) on conflict (device, package_sha256) do update set "
      "size_bytes = excluded.size_bytes, blocks = excluded.blocks, expires_utc_ms = excluded.expires_utc_ms",
      offer.device_id, offer.package_sha256, offer.size_bytes, ByteView(blocks), offer.expires_utc_ms));
}

Result<std::vector<Digest>> PlatformStore::offered_blocks(std::string_view device_id,
                                                          std::string_view package_sha256,
                                                          std::int64_t size_bytes) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(const auto blocks,
            store::at_most_one(impl_->database.query("select blocks from offers where device = ?1 and "
                                                     "package_sha256 = ?2 and size_bytes = ?3",
                                                     device_id, package_sha256, size_bytes),
                               store::single<Bytes>));
  return blocks ? digests_in(*blocks) : std::vector<Digest>();
}

Status PlatformStore::forget_old_offers() {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run(
      "delete from offers where expires_utc_ms < ?1 and not exists (select 1 from uploads where "
      "uploads.device = offers.device and uploads.announced_sha256 = offers.package_sha256)",
      impl_->now_ms()));
}

Status PlatformStore::create_upload(const Upload& upload) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("insert into uploads values (?1, ?2, ?3, 0, ?4, ?5, ?6, 0)", upload.id,
                                  upload.device_id, upload.size_bytes, upload.announced_sha256,
                                  upload.metadata, upload.expires_utc_ms));
}

Result<std::optional<Upload>> PlatformStore::upload(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(impl_->database.query(with(kUpload, "where id = ?1"), id), read_upload);
}

Result<std::optional<Upload>> PlatformStore::upload_of(std::string_view device_id,
                                                       std::string_view announced_sha256) {
  const std::lock_guard lock(impl_->mutex);
  return store::at_most_one(
      impl_->database.query(
          with(kUpload,
               "where device = ?1 and announced_sha256 = ?2 and taken = 0 and (offset_bytes = size_bytes or "
               "expires_utc_ms >= ?3) order by offset_bytes desc, id limit 1"),
          device_id, announced_sha256, impl_->now_ms()),
      read_upload);
}

Status PlatformStore::set_offset(std::string_view id, std::int64_t offset_bytes) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run(
      "update uploads set expires_utc_ms = case when ?2 > offset_bytes then ?3 else expires_utc_ms end, "
      "offset_bytes = ?2 where id = ?1",
      id, offset_bytes, impl_->now_ms() + kBegunUpload_ms));
}

Status PlatformStore::prolong_upload(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("update uploads set expires_utc_ms = ?2 where id = ?1", id,
                                  impl_->now_ms() + kBegunUpload_ms));
}

Status PlatformStore::set_taken(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("update uploads set taken = 1 where id = ?1", id));
}

Status PlatformStore::delete_upload(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return done(impl_->database.run("delete from uploads where id = ?1", id));
}

Result<std::vector<Upload>> PlatformStore::complete_uploads() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(
      impl_->database.query(with(kUpload, "where offset_bytes = size_bytes and taken = 0 order by id")),
      read_upload);
}

Result<std::vector<Upload>> PlatformStore::expired_uploads() {
  const std::lock_guard lock(impl_->mutex);
  return store::all(
      impl_->database.query(
          with(kUpload, "where expires_utc_ms < ?1 and (offset_bytes < size_bytes or taken = 1)"),
          impl_->now_ms()),
      read_upload);
}

Result<std::int64_t> PlatformStore::bytes_still_to_come(std::optional<std::string_view> device_id) {
  const std::lock_guard lock(impl_->mutex);
  SHILU_TRY(const auto sum,
            store::at_most_one(
                impl_->database.query("select coalesce(sum(size_bytes - offset_bytes), 0) from uploads "
                                      "where ?1 is null or device = ?1",
                                      device_id),
                store::single<std::int64_t>));
  return sum.value_or(0);
}

}  // namespace shilu::platform

#include "upload/platform/upload_files.h"

namespace shilu::platform {
namespace {

// How much a power cut may cost the sender: whichever comes first.
constexpr std::int64_t kSyncBytes = 8 << 20;
constexpr std::int64_t kSyncInterval_ns = 1'000'000'000;
// Uploads that nobody writes to: how long, and how many, their files and hashes are kept at hand.
constexpr std::int64_t kKeptOpen_ns = 600'000'000'000;
constexpr std::size_t kMostOpen = 256;

}  // namespace

Result<std::shared_ptr<UploadFiles::Active>> UploadFiles::open(const Upload& upload) {
  const std::lock_guard lock(mutex_);
  close_unused();
  auto& known = active_[upload.id];
  if (!known) {
    auto loaded = load(upload);
    if (!loaded) active_.erase(upload.id);
    if (!loaded) return loaded;
    known = std::move(*loaded);
  }
  known->used_at_ns = clock_.monotonic().ns;
  return known;
}

// The store's offset is the truth; bytes behind it were never promised to anyone.
Result<std::shared_ptr<UploadFiles::Active>> UploadFiles::load(const Upload& upload) {
  SHILU_TRY(const auto now, store_.upload(upload.id));
  if (!now || now->taken) return fail(ErrorKind::kNotFound, "There is no such upload.");
  auto active = std::make_shared<Active>();
  SHILU_TRY(active->file, files_.open(path_of(upload), OpenMode::kCreateOrOpen));
  // A new file's name must last as its bytes do.
  if (now->offset_bytes == 0) SHILU_CHECK(files_.sync_directory(directory_));
  SHILU_TRY(const std::uint64_t size, active->file->size());
  if (size < static_cast<std::uint64_t>(now->offset_bytes))
    return fail(ErrorKind::kCorrupted, "the upload's file is shorter than what it had");
  std::vector<Digest> announced;
  if (now->announced_sha256) {
    SHILU_TRY(announced, store_.offered_blocks(now->device_id, *now->announced_sha256, now->size_bytes));
  }
  active->hashes.emplace(std::move(announced), now->size_bytes);
  SHILU_CHECK(active->hashes->resume(*active->file, now->offset_bytes));
  active->offset = active->durable = now->offset_bytes;
  return active;
}

void UploadFiles::close_unused() {
  const std::int64_t now_ns = clock_.monotonic().ns;
  std::erase_if(active_, [&](const auto& entry) {
    const bool old = active_.size() > kMostOpen || now_ns - entry.second->used_at_ns > kKeptOpen_ns;
    return old && entry.second.use_count() == 1;
  });
}

std::shared_ptr<UploadFiles::Active> UploadFiles::taken_out(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto known = active_.find(id);
  if (known == active_.end()) return nullptr;
  auto active = std::move(known->second);
  active_.erase(known);
  return active;
}

// Whoever comes next reads from the file and the store where it stands.
void UploadFiles::disbelieve(const std::string& id, Active& active) {
  active.disbelieved = true;
  (void)taken_out(id);
}

Status UploadFiles::check_believed(const Active& active) {
  if (!active.disbelieved) return {};
  return fail(ErrorKind::kUnavailable,
              "The disk refused what came; ask for the offset and go on from there.");
}

Status UploadFiles::sync(const std::string& id, Active& active) {
  SHILU_CHECK(check_believed(active));
  if (active.durable == active.offset) return {};
  if (auto synced = active.file->sync_data(); !synced) {
    disbelieve(id, active);
    return synced;
  }
  SHILU_CHECK(store_.set_offset(id, active.offset));
  active.durable = active.offset;
  active.synced_at_ns = clock_.monotonic().ns;
  return {};
}

Status UploadFiles::go_back(const std::string& id, Active& active, std::int64_t offset) {
  if (active.durable > offset) SHILU_CHECK(store_.set_offset(id, offset));
  active.offset = offset;
  active.durable = std::min(active.durable, offset);
  return active.hashes->resume(*active.file, offset);
}

Result<std::unique_ptr<UploadFiles::Writer>> UploadFiles::take_over(const Upload& upload,
                                                                    std::int64_t offset) {
  SHILU_TRY(const auto active, open(upload));
  const std::uint64_t generation = ++active->generation;
  const std::lock_guard lock(active->mutex);
  SHILU_CHECK(sync(upload.id, *active));
  if (active->offset != offset) return fail(ErrorKind::kFailedPrecondition, std::to_string(active->offset));
  return std::make_unique<Writer>(*this, upload, active, generation);
}

Result<std::int64_t> UploadFiles::settle(const Upload& upload) {
  SHILU_TRY(const auto active, open(upload));
  ++active->generation;
  const std::lock_guard lock(active->mutex);
  SHILU_CHECK(sync(upload.id, *active));
  return active->offset;
}

Status UploadFiles::remove(const Upload& upload) {
  SHILU_CHECK(store_.delete_upload(upload.id));  // first: nobody takes it up any more
  if (upload.taken) return {};
  if (const auto active = taken_out(upload.id)) {
    ++active->generation;
    const std::lock_guard until_its_writer_has_seen_that(active->mutex);
  }
  const auto removed = files_.remove(path_of(upload));
  return removed || removed.error().kind == ErrorKind::kNotFound ? Status() : removed;
}

Result<Digest> UploadFiles::digest_of(const Upload& upload) {
  if (const auto active = taken_out(upload.id)) {
    const std::lock_guard lock(active->mutex);
    if (const auto counted = active->hashes->take_whole()) return *counted;
  }
  return sha256_file(path_of(upload));
}

UploadFiles::Writer::Writer(UploadFiles& files, Upload upload, std::shared_ptr<Active> active,
                            std::uint64_t generation)
    : files_(files), upload_(std::move(upload)), active_(std::move(active)), generation_(generation) {}

UploadFiles::Writer::~Writer() {
  const std::lock_guard lock(active_->mutex);
  if (active_->generation == generation_) (void)files_.sync(upload_.id, *active_);
}

Status UploadFiles::Writer::write(ByteView bytes) {
  const std::lock_guard lock(active_->mutex);
  if (active_->generation != generation_)
    return fail(ErrorKind::kFailedPrecondition, "Another request has taken over this upload.");
  SHILU_CHECK(check_believed(*active_));
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size > upload_.size_bytes - active_->offset)
    return fail(ErrorKind::kInvalidArgument, "More bytes came than Upload-Length says.");
  SHILU_CHECK(active_->file->write_at(static_cast<std::uint64_t>(active_->offset), bytes));
  if (const auto right = active_->hashes->update(bytes); !right) {
    SHILU_CHECK(files_.go_back(upload_.id, *active_, active_->hashes->wrong_from()));
    return right;
  }
  active_->offset += size;
  const bool due = active_->offset - active_->durable >= kSyncBytes ||
                   files_.clock_.monotonic().ns - active_->synced_at_ns >= kSyncInterval_ns;
  return due ? files_.sync(upload_.id, *active_) : Status();
}

Result<std::int64_t> UploadFiles::Writer::finish() {
  const std::lock_guard lock(active_->mutex);
  if (active_->generation != generation_)
    return fail(ErrorKind::kFailedPrecondition, "Another request has taken over this upload.");
  SHILU_CHECK(files_.sync(upload_.id, *active_));
  return active_->offset;
}

}  // namespace shilu::platform

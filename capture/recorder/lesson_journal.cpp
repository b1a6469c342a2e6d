#include "capture/recorder/lesson_journal.h"

#include <algorithm>

#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

Result<std::uint64_t> size_of(FileSystem& files, const std::filesystem::path& path) {
  SHILU_TRY(const auto file, files.open(path, OpenMode::kRead));
  return file->size();
}

Status cut_back(FileSystem& files, const std::filesystem::path& path, std::uint64_t size) {
  SHILU_TRY(const auto file, files.open(path, OpenMode::kReadWrite));
  SHILU_TRY(const auto now, file->size());
  if (now <= size) return {};
  SHILU_CHECK(file->truncate(size));
  return file->sync_data();
}

}  // namespace

Result<std::unique_ptr<LessonJournal>> LessonJournal::create(Place place, const LessonInfo& info) {
  SHILU_TRY(auto writer,
            journal::JournalWriter::create(place.files, place.directory, info.lesson_id, info.to_json()));
  auto journal = std::unique_ptr<LessonJournal>(new LessonJournal(std::move(place), std::move(writer)));
  SHILU_CHECK(journal->remember_sizes());
  return journal;
}

Result<std::unique_ptr<LessonJournal>> LessonJournal::reopen(Place place) {
  SHILU_TRY(auto writer, journal::JournalWriter::reopen(place.files, place.directory));
  auto journal = std::unique_ptr<LessonJournal>(new LessonJournal(std::move(place), std::move(writer)));
  SHILU_CHECK(journal->remember_sizes());
  return journal;
}

Status LessonJournal::remember_sizes() {
  SHILU_TRY(journal_size_, size_of(place_.files, place_.directory / "journal"));
  SHILU_TRY(checkpoints_size_, size_of(place_.files, place_.directory / "checkpoints"));
  return {};
}

Status LessonJournal::repair() {
  SHILU_CHECK(cut_back(place_.files, place_.directory / "journal", journal_size_));
  SHILU_CHECK(cut_back(place_.files, place_.directory / "checkpoints", checkpoints_size_));
  SHILU_TRY(writer_, journal::JournalWriter::reopen(place_.files, place_.directory));
  SHILU_CHECK(remember_sizes());
  broken_ = false;
  return {};
}

Status LessonJournal::try_store() {
  if (broken_) SHILU_CHECK(repair());
  std::uint64_t size = 0;
  for (const auto& record : pending_) {
    writer_.append(record);
    size += journal::encode(record).size();
  }
  broken_ = true;  // until the sync says otherwise
  SHILU_CHECK(writer_.sync());
  broken_ = false;
  journal_size_ += size;
  pending_.clear();
  return {};
}

Status LessonJournal::store_pending() {
  if (pending_.empty() && !broken_) return {};
  auto stored = try_store();
  if (stored) return {};
  log_warning("the journal could not be written, it is opened anew: {}", stored.error().message);
  return try_store();
}

Status LessonJournal::commit(std::vector<journal::Record> records) {
  const std::lock_guard lock(mutex_);
  std::move(records.begin(), records.end(), std::back_inserter(pending_));
  return store_pending();
}

Result<journal::Checkpoint> LessonJournal::head_to_sign(LessonTime at, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  SHILU_CHECK(store_pending());
  return writer_.head(at, place_.clock, reason);
}

Status LessonJournal::checkpoint(LessonTime at, std::string_view reason) {
  const std::lock_guard one_after_the_other(signing_);
  SHILU_TRY(const auto head, head_to_sign(at, reason));
  const auto signed_head = journal::sign_checkpoint(head, place_.key);
  if (!signed_head) {
    log_error("the recording cannot be signed for now: {}", signed_head.error().message);
    return {};
  }
  const std::lock_guard lock(mutex_);
  SHILU_CHECK(store_pending());
  if (auto stored = writer_.store(*signed_head); !stored) {
    broken_ = true;
    return stored;
  }
  signed_leaves_ = head.tree_size;
  SHILU_TRY(checkpoints_size_, size_of(place_.files, place_.directory / "checkpoints"));
  return {};
}

Status LessonJournal::sign(LessonTime at, std::string_view reason) {
  const auto wanted = synced_records();
  SHILU_CHECK(checkpoint(at, reason));
  const std::lock_guard lock(mutex_);
  if (signed_leaves_ > wanted) return {};
  return fail(ErrorKind::kUnavailable, "It cannot be signed at the moment; nothing has gone yet. Try again.");
}

std::uint64_t LessonJournal::synced_records() const {
  const std::lock_guard lock(mutex_);
  return writer_.synced_leaves() - 1;
}

std::uint64_t LessonJournal::cut_bytes() const {
  const std::lock_guard lock(mutex_);
  return writer_.cut_bytes();
}

}  // namespace shilu::recorder

#pragma once
// The journal of the lesson that is being recorded: appends and syncs at once, and gets over a disk that
// failed. Thread-safe. One mutex, held across the journal's own I/O on purpose: records have one order, and a
// mark waits for at most one journal sync - never for the media, which is synced elsewhere.

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "capture/journal/journal_writer.h"
#include "firmware/base/certificate.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::recorder {

class LessonJournal {
 public:
  // All four outlive the journal.
  struct Place {
    FileSystem& files;
    const Clock& clock;
    const SigningKey& key;
    std::filesystem::path directory;
  };
  static Result<std::unique_ptr<LessonJournal>> create(Place place, const LessonInfo& info);
  // Cuts torn tails; cut_bytes() tells how much.
  static Result<std::unique_ptr<LessonJournal>> reopen(Place place);

  // Good: these records and all before them are durable. On an error they are kept and stored before the next
  // ones: the file is cut back to what was surely synced, reopened and written anew, for after a failed fsync
  // nobody knows.
  Status commit(std::vector<journal::Record> records);
  // Signs what is durable; records may be committed while the key signs, which a TPM does for up to a second.
  // One caller after the other. `reason` as in journal.md. A key that cannot sign is no fault of the disk: it is
  // logged, what was recorded stays "not yet signed", and the next checkpoint covers it.
  Status checkpoint(LessonTime at, std::string_view reason);

  // As checkpoint(), and good only if it is signed: kUnavailable if the key could not.
  Status sign(LessonTime at, std::string_view reason);

  std::uint64_t synced_records() const;
  std::uint64_t cut_bytes() const;

 private:
  LessonJournal(Place place, journal::JournalWriter writer)
      : place_(std::move(place)), writer_(std::move(writer)) {}
  Status remember_sizes();
  Status store_pending();
  Result<journal::Checkpoint> head_to_sign(LessonTime at, std::string_view reason);
  Status try_store();
  Status repair();

  Place place_;
  std::mutex signing_;  // held by checkpoint(): each names the one before
  mutable std::mutex mutex_;
  journal::JournalWriter writer_;         // and all below: guarded by mutex_
  std::vector<journal::Record> pending_;  // not known to be durable
  bool broken_ = false;
  std::uint64_t journal_size_ = 0;  // known to be durable
  std::uint64_t checkpoints_size_ = 0;
  std::uint64_t signed_leaves_ = 1;
};

}  // namespace shilu::recorder

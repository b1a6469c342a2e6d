#pragma once
// Appends to `journal` and `checkpoints` of one lesson. Thread-bound. Order of writes is the caller's:
// fragment bytes are durable before append() of their record is synced.

#include <memory>

#include "capture/journal/checkpoint.h"
#include "capture/journal/merkle.h"
#include "capture/journal/record.h"
#include "firmware/base/file_system.h"

namespace shilu::journal {

class JournalWriter {
 public:
  // A new lesson: writes lesson.json, empty journal and checkpoints into `directory` (created), all synced
  // with it.
  static Result<JournalWriter> create(FileSystem& files, const std::filesystem::path& directory,
                                      std::string lesson_id, std::string_view lesson_json);
  // An old one: reads everything back, cuts a torn tail of both files (truncate + sync), continues behind the
  // last sound record. `cut_bytes` tells how much was cut.
  static Result<JournalWriter> reopen(FileSystem& files, const std::filesystem::path& directory);

  // Buffers the record. Nothing is on disk until sync().
  void append(const Record& record);
  // Writes what was buffered and syncs. After an error the writer refuses everything else
  // (kFailedPrecondition): a failed fsync means unknown pages; reopen() finds out what is there.
  Status sync();
  // The head over everything synced, to be signed. kFailedPrecondition if something is buffered.
  Result<Checkpoint> head(LessonTime at, const Clock& clock, std::string_view reason) const;
  // Stores a signed head; more may have been synced since it was made. kFailedPrecondition if it does not
  // follow the last one that was stored.
  Status store(const SignedCheckpoint& signed_head);
  // All three in one. A key that cannot sign (kUnavailable, kTimedOut) leaves the writer usable.
  Status checkpoint(const SigningKey& key, LessonTime at, const Clock& clock, std::string_view reason);

  std::uint64_t synced_leaves() const;  // lesson.json included
  std::uint64_t checkpointed_leaves() const;
  std::uint64_t cut_bytes() const;

  JournalWriter(JournalWriter&&) noexcept;
  JournalWriter& operator=(JournalWriter&&) noexcept;
  ~JournalWriter();

 private:
  struct Impl;
  explicit JournalWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::journal

#pragma once
// The lesson that is being recorded: its journal, its writer, its marks and its clock. Knows nothing of sources.
// Thread-safe as told at each method; begin/resume/finish are bound to one thread while no other uses the lesson.

#include <atomic>
#include <functional>
#include <memory>

#include "capture/recorder/lesson_writer.h"
#include "capture/recorder/mark_book.h"

namespace shilu::recorder {

// The track that a source of this kind ("rtsp", "alsa") gives at least.
MediaKind expected_kind(std::string_view source_kind);

inline constexpr Nanoseconds kCheckpointInterval = std::chrono::seconds(10);
inline constexpr Nanoseconds kClockInterval = std::chrono::seconds(10);

// All outlive the lesson.
struct Surroundings {
  FileSystem& files;
  const Clock& clock;
  const CertifiedKey& key;
  WriterLimits limits;
  DurableListener& listener;
};

// An unfinished lesson as a restart found it: lesson_recovery.h.
struct RecoveredLesson {
  std::filesystem::path directory;
  LessonInfo info;
  std::vector<TrackState> tracks;
  std::vector<Mark> marks;
  std::uint64_t lost_bytes = 0;  // of tails that were cut
  std::uint64_t records = 0;
  LessonTime stored_until;       // the latest end of a track
  bool same_boot = true;         // monotonic times of then and now can be compared
};

class LiveLesson {
 public:
  // Start and clock are durable when this returns; on an error nothing is left in `directory`.
  static Result<std::unique_ptr<LiveLesson>> begin(const Surroundings& surroundings, LessonInfo info,
                                                   std::filesystem::path directory, std::optional<Digest> subject);
  static Result<std::unique_ptr<LiveLesson>> resume(const Surroundings& surroundings, RecoveredLesson recovered);

  const LessonInfo& info() const { return info_; }
  const std::filesystem::path& directory() const { return directory_; }
  LessonTime now() const;  // any thread
  LessonWriter& writer() { return *writer_; }
  const LessonWriter& writer() const { return *writer_; }
  std::size_t mark_count() const { return marks_->count(); }  // any thread

  // The sync thread, once a tick and when urgent().
  Status tick();
  bool urgent() const { return checkpoint_wanted_; }

  // Any thread. The press is brought inside [0, now].
  Result<MarkAnswer> mark(const MarkRequest& request);
  Status undo_mark(const std::string& id);

  // When writer and sync thread have stopped: stores what is left, declares what is missing until `end`, signs.
  // An error: the lesson could not be closed and stays unfinished; a later start will close it.
  using ReasonOf = std::function<GapReason(const std::string& track)>;
  Status finish(LessonTime end, std::string_view stop_reason, const ReasonOf& reason_of);

 private:
  LiveLesson(const Surroundings& surroundings, LessonInfo info, std::filesystem::path directory);
  void take_journal(std::unique_ptr<LessonJournal> journal, std::vector<Mark> marks);
  journal::EventRecord clock_event() const;
  std::vector<journal::Record> due_events();
  std::vector<journal::Record> gaps_of_absent_sources(LessonTime end) const;
  Status checkpoint(std::string_view reason);
  void store_what_is_left();

  FileSystem& files_;
  const Clock& clock_;
  const CertifiedKey& key_;
  WriterLimits limits_;
  DurableListener& listener_;
  LessonInfo info_;
  std::filesystem::path directory_;
  std::optional<LessonTime> stopped_clock_;  // a lesson of an earlier boot: its time stands still
  std::unique_ptr<LessonJournal> journal_;
  std::unique_ptr<LessonWriter> writer_;
  std::unique_ptr<MarkBook> marks_;
  std::atomic<bool> checkpoint_wanted_ = false;

  // The sync thread's own.
  std::string checkpoint_reason_ = "time";
  MonotonicTime next_checkpoint_;
  MonotonicTime next_clock_event_;
};

}  // namespace shilu::recorder

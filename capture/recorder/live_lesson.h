#pragma once
// The lesson that is being recorded: its journal, its writer, its marks and its clock. Knows nothing of
// sources. Thread-safe as told at each method; begin/resume/finish are bound to one thread while no other
// uses the lesson.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "capture/recorder/lesson_clock.h"
#include "capture/recorder/lesson_writer.h"
#include "capture/recorder/mark_book.h"

namespace shilu::journal {
class LessonFolder;
}

namespace shilu::recorder {

// The track that a source of this kind ("rtsp", "alsa") gives at least.
MediaKind expected_kind(std::string_view source_kind);

inline constexpr Nanoseconds kCheckpointInterval = std::chrono::seconds(10);
inline constexpr Nanoseconds kClockInterval = std::chrono::seconds(10);
inline constexpr Nanoseconds kLastWrites = std::chrono::seconds(20);  // of what waits at the end

// All outlive the lesson.
struct Surroundings {
  FileSystem& files;
  const Clock& clock;
  const CertifiedKey& key;
  WriterLimits limits;
  DurableListener& listener;
};

// Why nothing is recorded for a while, and since when.
struct Away {
  enum class Why {
    kPrivate,   // a private moment
    kStopping,  // stopped, and may be continued
  };
  Why why = Why::kPrivate;
  LessonTime since;
  std::string stop_reason;  // kStopping
};

// An unfinished lesson as a restart found it: lesson_recovery.h.
struct RecoveredLesson {
  std::filesystem::path directory;
  LessonInfo info;
  std::vector<TrackState> tracks;
  std::vector<Mark> marks;
  std::uint64_t lost_bytes = 0;  // of tails that were cut
  std::uint64_t records = 0;
  LessonTime stored_until;  // the latest end of a track
  LessonTime alive_until;   // of the last record: fragments, clocks, anything
  ClockAnchor anchor;       // the newest pair of lesson time and wall time
  std::optional<MonotonicTime>
      start;  // lesson time 0 on this boot's clock; nullopt: the lesson is of an earlier boot
  std::optional<Away> away;
  // Where the last private moment, stop or deletion ended: what a capture still holds of before is not
  // wanted. 0: there was none.
  LessonTime not_before;
  GapReason left_out = GapReason::kPrivate;  // why nothing was recorded then, or is now
  std::optional<std::int64_t> planned_ms;
  bool redacted_anew = false;  // a deletion that a stop had interrupted was finished
};

class LiveLesson {
 public:
  // Start and clock are durable when this returns; on an error nothing is left in `directory`.
  static Result<std::unique_ptr<LiveLesson>> begin(const Surroundings& surroundings, LessonInfo info,
                                                   std::filesystem::path directory,
                                                   std::optional<Digest> subject);
  // To be recorded on; `recovered.start` is there, and `rebase` where it is new.
  static Result<std::unique_ptr<LiveLesson>> resume(const Surroundings& surroundings,
                                                    RecoveredLesson recovered,
                                                    const std::optional<journal::RebaseEvent>& rebase);
  // Only to be finished: its time stands still where it was last alive.
  static Result<std::unique_ptr<LiveLesson>> resume_to_close(const Surroundings& surroundings,
                                                             RecoveredLesson recovered);

  const LessonInfo& info() const { return info_; }
  MonotonicTime start() const { return {start_ns_}; }  // lesson time 0 on this boot's clock; any thread
  // The machine slept for so long: the lesson's time went on.
  Status move_start(Nanoseconds slept);
  const std::filesystem::path& directory() const { return directory_; }
  LessonTime now() const;  // any thread
  LessonWriter& writer() { return *writer_; }
  const LessonWriter& writer() const { return *writer_; }
  std::size_t mark_count() const { return marks_->count(); }  // any thread

  // The sync thread, once a tick and when asked.
  Status tick();

  // Any thread. Durable when they return; on an error they hold nevertheless, and are stored with the next
  // record.
  Status begin_away(Away away);
  Status end_away(LessonTime to);
  std::optional<Away> away() const;
  Status extend(std::int64_t planned_ms);
  std::optional<std::int64_t> planned_ms() const;
  // Declares, signs and carries out the deletion of what all tracks have in `range`, whole groups of
  // pictures. Fragments that overlap it are durable by now. Nothing to delete: kNotFound.
  Status redact(TimeRange range, const std::optional<Digest>& subject);

  // Any thread. The press is brought inside [0, now]; kPermissionDenied in a private moment.
  Result<MarkAnswer> mark(const MarkRequest& request);
  Result<MarkAnswer> import_mark(const MarkRequest& request);  // somebody was told already that it is stored
  Status undo_mark(const std::string& id);

  // When writer and sync thread have stopped: stores what is left, declares what is missing until `end`,
  // signs. An error: the lesson could not be closed and stays unfinished; a later start will close it.
  using ReasonOf = std::function<GapReason(const std::string& track)>;
  Status finish(LessonTime end, std::string_view stop_reason, const ReasonOf& reason_of);

 private:
  LiveLesson(const Surroundings& surroundings, LessonInfo info, std::filesystem::path directory);
  static Result<std::unique_ptr<LiveLesson>> reopen(const Surroundings& surroundings,
                                                    RecoveredLesson recovered,
                                                    std::vector<journal::Record> first);
  void want_checkpoint(std::string reason);
  std::string take_wanted_checkpoint();
  void take_journal(std::unique_ptr<LessonJournal> journal, std::vector<Mark> marks);
  journal::EventRecord clock_event() const;
  std::vector<journal::Record> due_events();
  std::vector<journal::Record> gaps_of_absent_sources(LessonTime end) const;
  void declare_absent_tracks();
  Status checkpoint(std::string_view reason);
  void store_what_is_left();
  Status finish_deletion(const journal::LessonFolder& folder);
  void finish_open_deletion();
  Status refuse_while_away(LessonTime pressed) const;
  Result<Mark> mark_from(const MarkRequest& request) const;
  Result<MarkAnswer> store(const Mark& mark);

  FileSystem& files_;
  const Clock& clock_;
  const CertifiedKey& key_;
  WriterLimits limits_;
  DurableListener& listener_;
  LessonInfo info_;
  std::filesystem::path directory_;
  std::atomic<std::int64_t> start_ns_;
  bool deletion_open_ = false;  // the recorder's control thread: declared, and not known to be done
  std::optional<LessonTime> stopped_clock_;  // resume_to_close()
  mutable std::mutex mutex_;                 // guards the three below
  std::string wanted_checkpoint_;
  std::optional<Away> away_;
  std::optional<std::int64_t> planned_ms_;
  std::unique_ptr<LessonJournal> journal_;
  std::unique_ptr<LessonWriter> writer_;
  std::unique_ptr<MarkBook> marks_;

  // The sync thread's own.
  std::string checkpoint_reason_ = "time";
  MonotonicTime next_checkpoint_;
  MonotonicTime next_clock_event_;
  Nanoseconds wall_ahead_{0};  // wall time - monotonic time at the last clock event
};

}  // namespace shilu::recorder

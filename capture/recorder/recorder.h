#pragma once
// The recorder: captures supervised, one lesson at a time brought to the disk, unfinished ones taken up at
// the start. Thread-safe. Used by shilu-recorder behind its socket and by `shilu record` in its own process.

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "capture/recorder/lesson_threads.h"
#include "capture/recorder/recorder_status.h"
#include "capture/recorder/redaction.h"
#include "capture/recorder/requests.h"
#include "capture/recorder/source_input.h"

namespace shilu::recorder {

struct RecorderSettings {
  std::filesystem::path lessons_directory;  // empty: no recovery, every start names its folder
  std::filesystem::path runtime_directory;  // sockets
  std::filesystem::path capture_program;
  std::optional<std::filesystem::path> capture_log;  // else stderr is shared
  std::vector<SourceSpec> sources;
  std::uint64_t reserve_bytes = 2'000'000'000;  // no lesson begins with less
  Nanoseconds pre_roll = kPreRoll;              // kept in memory while armed; 0: never
  // How long the machine has slept since it was switched on.
  std::function<Nanoseconds()> slept = machine_slept;
  Nanoseconds continue_within = std::chrono::seconds(30);  // of a stop that can be taken back
  std::string software = "shilu";
  std::optional<CertifiedKey> previous_key;  // what was begun with it is ended with it
  WriterLimits limits;
  Nanoseconds tick = std::chrono::seconds(1);
  Nanoseconds resume_within = std::chrono::minutes(10);
};

// The directory of the sockets, made if it is missing, for its owner alone.
Status prepare_runtime_directory(const std::filesystem::path& directory);

// Told on threads of the recorder; must not block or call back into it.
class RecorderListener {
 public:
  virtual ~RecorderListener() = default;
  virtual void on_fragment(const std::string& lesson_id, const std::string& track,
                           const journal::FragmentRecord& record) = 0;
  virtual void on_epoch(const std::string& lesson_id, const journal::EpochEvent& epoch) = 0;
  virtual void on_change() = 0;  // a lesson began or ended
};

class Recorder final : private DurableListener {
 public:
  // `files`, `clock` and `listener` (may be null) outlive the recorder. Resumes or closes what an earlier
  // process left, then starts the captures.
  static Result<std::unique_ptr<Recorder>> open(RecorderSettings settings, CertifiedKey key,
                                                FileSystem& files, const Clock& clock,
                                                RecorderListener* listener);
  // Ends in good order and does not end the lesson: the next recorder resumes it, for its captures live on.
  // Without a lesson the captures are told to end.
  ~Recorder() override;

  // kFailedPrecondition: one is recorded already; kUnavailable: no picture source; kStorageFull.
  Result<StartedLesson> start(const StartRequest& request);
  // Everything is durable and signed when it returns. `at`: the end, if that is past; else now. Of a lesson
  // that stop_for_now() stopped: closes it where it was stopped.
  Result<StoppedLesson> stop(StopReason reason, std::optional<LessonTime> at = std::nullopt);
  // Nothing is recorded from now on, and for 30 s go_on() takes the lesson up again; then it is closed. A
  // start, a stop and any end of the process close it too. kUnavailable: the disk did not take what was
  // before the stop; nothing changed but that the lesson goes on.
  Result<StoppedLesson> stop_for_now();
  // After stop_for_now() or in a private moment. kFailedPrecondition: neither.
  Status go_on();
  // A private moment: nothing is recorded or kept in memory until go_on() or the stop, also after a restart.
  // Idempotent.
  Status begin_private();
  // The planned end moves; the answer is the new planned length. A lesson never ends by itself because of it.
  Result<std::int64_t> extend(Nanoseconds by);
  // Deletes for good: lesson_writer and journal in redaction.h. kNotFound: nothing is there in that time;
  // kTimedOut: the disk does not take what must be on it first.
  Status redact(const RedactRequest& request);
  // Somebody has the start card before him: the last 30 s are kept in memory until the lease is over.
  void arm(Nanoseconds lease);
  void disarm();
  Result<MarkAnswer> mark(const MarkRequest& request);
  Status undo_mark(const std::string& id);
  RecorderStatus status() const;
  // Some source gives pictures.
  bool has_picture() const;
  // Sources that give neither pictures nor, where they are microphones, sound.
  std::vector<std::string> missing_sources() const;

 private:
  struct Session;  // a running lesson and its threads

  Recorder(RecorderSettings settings, CertifiedKey key, FileSystem& files, const Clock& clock,
           RecorderListener* listener);
  Surroundings surroundings(const CertifiedKey& key);
  Result<std::unique_ptr<LiveLesson>> make_lesson(const LessonInfo& info, const StartRequest& request);
  LessonOwner owner() const;
  const CertifiedKey* key_of(const LessonInfo& info) const;  // that began it; null: none of ours
  Status take_up_unfinished();
  Status take_up(RecoveredLesson recovered, bool may_resume);
  Status close(RecoveredLesson recovered, const CertifiedKey& key, GapReason reason);
  bool can_resume(const RecoveredLesson& recovered) const;
  void finish_deletions();
  void make_inputs();
  void begin_session(std::unique_ptr<LiveLesson> lesson, SourceInput::Entry entry);
  Status check_picture() const;
  Status check_space(const std::filesystem::path& where, std::optional<std::int64_t> planned_ms) const;
  LessonInfo new_info(std::optional<std::int64_t> planned_ms) const;
  Result<std::filesystem::path> new_directory(const std::filesystem::path& wanted,
                                              const std::string& lesson_id) const;
  std::shared_ptr<Session> session() const;
  void await_end() const;
  Status await_durable(Session& running, MonotonicTime offered_until) const;
  Status store_before_stop(Session& running) const;
  Result<StoppedLesson> close_session(Session& running, LessonTime end, std::string_view reason);
  std::map<std::string, GapReason> tail_reasons(const Session& running) const;
  void close_if_due(Session& running);
  void follow_sleep(const Session* running);
  void import_inbox(Session& running);
  void expire_lease();
  void keep(Nanoseconds length);
  GapReason tail_reason(const std::string& track) const;
  void keep_house();
  void end_if_full(Session& running);
  void fill_lesson(RecorderStatus& status, const Session& running) const;
  void fill_disk(RecorderStatus& status) const;
  void fill_fault(RecorderStatus& status, const Session& running,
                  const std::vector<TrackReport>& reports) const;
  std::uint64_t bytes_per_second() const;
  void fragment_offered();

  void epoch_durable(const journal::EpochEvent& epoch) override;
  void fragment_durable(const std::string& track, const journal::FragmentRecord& record) override;
  void units_durable(const std::string& track, UnitName last) override;

  RecorderSettings settings_;
  CertifiedKey key_;
  FileSystem& files_;
  const Clock& clock_;
  RecorderListener* listener_;

  std::mutex control_mutex_;          // start and stop come one after the other
  mutable std::mutex mutex_;          // guards session_, fault_, ending_, armed_, armed_until_
  std::shared_ptr<Session> session_;  // shared with calls that are under way while it ends
  std::string fault_;
  bool ending_ = false;
  bool armed_ = false;
  MonotonicTime armed_until_;
  std::condition_variable housekeeper_wake_;
  std::vector<std::unique_ptr<SourceInput>> inputs_;  // made once
  Nanoseconds slept_{0};                              // the housekeeper's
  std::atomic<std::int64_t> inbox_seen_ns_ = 0;       // monotonic
  std::thread housekeeper_;
};

}  // namespace shilu::recorder

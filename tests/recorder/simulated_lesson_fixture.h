#pragma once
// A whole lesson without threads: a manual clock, a disk that fails when told, a camera with picture and
// sound whose units can be handed over again, as a capture process does for the successor of a dead recorder.

#include <functional>
#include <map>
#include <memory>

#include "capture/recorder/lesson_recovery.h"
#include "capture/recorder/track_builder.h"
#include "tests/base/fault_file_system.h"
#include "tests/recorder/units_fixture.h"

namespace shilu::test {

class SimulatedLesson final : private recorder::DurableListener {
 public:
  SimulatedLesson();

  // A lesson begins now, with as much pre-roll as is set. False, here and below: the disk refused, and why is
  // told beside the next assertion that fails.
  bool begin();
  // The clock moves on by `seconds`; units arrive, and once a second the disk gets what there is.
  void run(std::int64_t seconds);
  // The process is gone; what it held is lost, what the capture holds is not.
  void kill();
  // A new process on the folder. False: the disk refused. Resumes at the clock's present time.
  bool recover_and_resume();
  bool recover_and_close();
  bool stop();
  Result<recorder::MarkAnswer> mark(const std::string& id);

  // What the recorder does with its inputs and the lesson. False: the disk refused.
  bool begin_private();
  bool go_on();
  bool stop_for_now();
  Status redact_last(Nanoseconds last);

  // The disk's calls between now and the end of `work`.
  FaultFileSystem& files() { return files_; }
  ManualClock& clock() { return clock_; }
  recorder::LiveLesson& lesson() { return *lesson_; }
  const std::filesystem::path& directory() const { return directory_; }
  recorder::WriterLimits limits;
  std::size_t picture_bytes = 200;
  Nanoseconds pre_roll{0};
  bool earlier_boot = false;  // the lesson says that it began in another boot than this
  std::uint64_t durable_unit(MediaKind kind) const {
    return kind == MediaKind::kVideo ? durable_[0] : durable_[1];
  }

  // What a reader finds: codes of violations; the counters of all samples of a track in order.
  std::vector<std::string> violations() const;
  std::vector<std::uint64_t> counters(const std::string& track) const;

 private:
  void epoch_durable(const journal::EpochEvent&) override {}
  void fragment_durable(const std::string&, const journal::FragmentRecord&) override {}
  void units_durable(const std::string& track, recorder::UnitName last) override;
  recorder::Surroundings surroundings();
  void attach();
  void deliver_until(MonotonicTime time);
  void settle();
  void forget_until_now();
  void resume_builders(recorder::GapReason reason);

  struct Track {
    MediaKind kind = MediaKind::kVideo;
    recorder::UsualDistance distance;
    std::unique_ptr<recorder::TrackBuilder> builder;
    std::uint64_t next = 0;  // unit
  };

  FaultFileSystem files_;
  ManualClock clock_;
  CertifiedKey key_;
  TemporaryDirectory root_;
  std::filesystem::path directory_;
  MonotonicTime camera_start_;
  std::uint64_t durable_[2] = {0, 0};  // the last unit that the capture may forget
  std::unique_ptr<recorder::LiveLesson> lesson_;
  Track tracks_[2];
  std::optional<LessonTime> end_;  // of what is taken
  LessonTime not_before_ = recorder::kAnyTime;
};

}  // namespace shilu::test

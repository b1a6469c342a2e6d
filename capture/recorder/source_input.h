#pragma once
// One source as the recorder sees it: its capture process, its two tracks, and where their units go - into
// the pre-roll while no lesson runs, else into the lesson. Thread-safe.

#include <functional>
#include <memory>
#include <mutex>

#include "capture/recorder/live_lesson.h"
#include "capture/recorder/pre_roll.h"
#include "capture/recorder/recorder_status.h"
#include "capture/recorder/source_supervisor.h"
#include "capture/recorder/track_builder.h"

namespace shilu::recorder {

class SourceInput final : public SourceListener {
 public:
  // `offered` is called after a fragment was given to a lesson's writer.
  SourceInput(SourceSupervisor::Options options, const Clock& clock, std::function<void()> offered);

  void start() { supervisor_.start(); }
  void end(SourceSupervisor::Ending ending) { supervisor_.end(ending); }
  const SourceSpec& spec() const { return spec_; }

  // How much is kept in memory while no lesson runs; less than before: the rest is forgotten at once, here
  // and in the capture.
  void keep(Nanoseconds length);
  PreRollStatus pre_roll() const;
  // A lesson is being made: keep what it may need.
  void prepare();
  // No lesson was made after all.
  void prepared_in_vain();
  struct Entry {
    Nanoseconds pre_roll{0};        // how far before the press the lesson may begin
    std::optional<LessonTime> end;  // as end_at(), from the first unit on
    LessonTime not_before = kAnyTime;
    GapReason resumed = GapReason::kRecorderRestart;
  };
  // From here on units go into the lesson, which lives until detach() has returned.
  void attach(LiveLesson& lesson, Entry entry);
  // TrackBuilder has the meaning of these four. Behind end_at() the capture is told to forget what comes.
  void end_at(LessonTime end);
  void go_on(LessonTime from, GapReason reason);
  void cut(LessonTime from, GapReason reason);
  void move_start(MonotonicTime lesson_start);
  bool reached_end() const;  // nothing more is to be awaited
  enum class Rest { kFlush, kAbandon };
  void detach(
      Rest rest);  // what is open is closed, or left to the next recorder, which gets it from the capture

  // Units arrive now, and one that needs no other came before: a lesson could begin.
  bool has_picture() const { return gives(MediaKind::kVideo); }
  bool has_sound() const { return gives(MediaKind::kAudio); }
  void close_if_silent();
  void acknowledge(MediaKind kind, UnitName last) { supervisor_.acknowledge(kind, last); }
  GapReason open_reason(MediaKind kind) const;
  SourceStatus status() const;  // without what the lesson's writer knows of the tracks

  void peer_connected(std::uint64_t peer) override;
  void peer_lost() override;
  void state_changed(const link::StateChange& change) override;
  void parameters_changed(const link::TrackParameters& parameters) override;
  void unit_arrived(link::AccessUnit unit) override;

 private:
  struct TrackInput {
    explicit TrackInput(MediaKind which) : kind(which), pre_roll(which) {}
    MediaKind kind;
    std::optional<link::TrackParameters> parameters;
    UsualDistance distance;
    PreRoll pre_roll;
    std::unique_ptr<TrackBuilder> builder;
    std::uint64_t last_number = 0;              // of this peer
    std::optional<MonotonicTime> decodable_at;  // the newest arrival since an IDR of this peer
    MonotonicTime acknowledged_at;
    std::optional<MonotonicTime> key_due;  // while the lesson waits for one: when it is asked for
  };

  TrackInput& track(MediaKind kind) { return kind == MediaKind::kVideo ? video_ : audio_; }
  const TrackInput& track(MediaKind kind) const { return kind == MediaKind::kVideo ? video_ : audio_; }
  bool gives(MediaKind kind) const;
  std::size_t lesson_track(MediaKind kind);
  void miss_picture();
  void make_builder(TrackInput& input);
  void interrupt(GapReason reason);
  void ask_for_key(TrackInput& input, MonotonicTime now);
  void forget(TrackInput& input, std::uint64_t number);
  void refuse(const Error& error);

  SourceSpec spec_;
  const Clock& clock_;
  std::function<void()> offered_;

  mutable std::mutex mutex_;  // guards all below
  TrackInput video_{MediaKind::kVideo};
  TrackInput audio_{MediaKind::kAudio};
  link::StateChange state_;
  bool picture_missing_ = false;  // its sound alone was to be had, and no picture to begin with came since
  std::uint64_t peer_ = 0;
  LiveLesson* lesson_ = nullptr;
  Entry entry_;  // `end` is kept up to date

  SourceSupervisor supervisor_;  // last: its thread uses what is above
};

}  // namespace shilu::recorder

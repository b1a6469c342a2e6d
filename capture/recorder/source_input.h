#pragma once
// One source as the recorder sees it: its capture process, its two tracks, and where their units go - into the lead-in
// while no lesson runs, else into the lesson. Thread-safe.

#include <functional>
#include <memory>
#include <mutex>

#include "capture/recorder/lead_in.h"
#include "capture/recorder/live_lesson.h"
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

  // A lesson is being made: keep what it may need.
  void prepare();
  // From here on units go into the lesson, which lives until detach() has returned.
  void attach(LiveLesson& lesson);
  void end_at(LessonTime end);
  bool reached_end() const;  // nothing more is to be awaited
  enum class Rest { kFlush, kAbandon };
  void detach(Rest rest);    // what is open is closed, or left to the next recorder, which gets it from the capture

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
    explicit TrackInput(MediaKind which) : kind(which), lead_in(which) {}
    MediaKind kind;
    std::optional<link::TrackParameters> parameters;
    UsualDistance distance;
    LeadIn lead_in;
    std::unique_ptr<TrackBuilder> builder;
    std::uint64_t last_number = 0;                    // of this peer
    std::optional<MonotonicTime> decodable_at;        // the newest arrival since an IDR of this peer
    MonotonicTime acknowledged_at;
  };

  TrackInput& track(MediaKind kind) { return kind == MediaKind::kVideo ? video_ : audio_; }
  const TrackInput& track(MediaKind kind) const { return kind == MediaKind::kVideo ? video_ : audio_; }
  bool gives(MediaKind kind) const;
  void make_builder(TrackInput& input);
  void interrupt(GapReason reason);
  void refuse(const Error& error);

  SourceSpec spec_;
  const Clock& clock_;
  std::function<void()> offered_;

  mutable std::mutex mutex_;  // guards all below
  TrackInput video_{MediaKind::kVideo};
  TrackInput audio_{MediaKind::kAudio};
  link::StateChange state_;
  std::uint64_t peer_ = 0;
  LiveLesson* lesson_ = nullptr;
  std::optional<LessonTime> lesson_end_;

  SourceSupervisor supervisor_;  // last: its thread uses what is above
};

}  // namespace shilu::recorder

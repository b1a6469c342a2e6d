#pragma once
// Makes fragments of the access units of one track in one lesson. Thread-bound.
// What it emits is in order, does not overlap and ends after `earliest`: the press, or as far before it as
// pre-roll was kept. A hole between two fragments is a gap; each fragment carries the reason for one before
// it.

#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "capture/recorder/fragment_assembler.h"
#include "capture/recorder/timeline.h"
#include "capture/recorder/usual_distance.h"

namespace shilu::recorder {

inline constexpr LessonTime kAnyTime{std::numeric_limits<std::int64_t>::min()};

class TrackBuilder {
 public:
  struct Beginning {
    MediaKind kind = MediaKind::kVideo;
    MonotonicTime lesson_start;
    // A resumed lesson: what an earlier process stored ends here, units before are dropped.
    std::optional<LessonTime> stored_until;
    GapReason stored_reason = GapReason::kRecorderRestart;  // why time may be missing behind it
    LessonTime not_before = kAnyTime;  // a private moment or a deletion ends here: units before are dropped
    LessonTime earliest{};             // 0, or how far back pre-roll was kept
  };
  // A reason: the fragment was not taken and is lost.
  using Emit = std::function<std::optional<GapReason>(Fragment)>;

  // `distance` is kept up to date by the caller, with every unit, and outlives the builder.
  TrackBuilder(Beginning beginning, const UsualDistance& distance, Emit emit);

  // Before the first unit and whenever they change; a change that shows in the header begins an epoch.
  Status set_parameters(const link::TrackParameters& parameters);
  void add(link::AccessUnit unit, std::uint64_t peer, MonotonicTime now);

  // The source is away: what is open is closed. Pictures are wanted again from the next IDR on.
  void interrupt(GapReason reason);
  // Nothing came for 2.5 s: what is open becomes durable, and may go on without a gap.
  void close_if_silent(MonotonicTime now);

  // No unit that begins at or after `end` is taken. reached_end(): one has come, all before it is emitted.
  void end_at(LessonTime end);
  bool reached_end() const { return reached_end_; }
  // Behind end_at(): units that begin at `from` or later are taken again, pictures from the next IDR on.
  void go_on(LessonTime from, GapReason reason);
  // Closes what is open now and drops whatever begins before `from`.
  void cut(LessonTime from, GapReason reason);
  // Lesson time 0 lies elsewhere on the machine's clock: it slept. What is open is closed.
  void move_start(MonotonicTime lesson_start, GapReason reason);
  void flush();
  // The reason if time is missing after what was emitted.
  // Pictures are wanted, come, and cannot be taken before one that needs no other.
  bool waits_for_key(LessonTime now) const {
    return waiting_for_sync_ && (!lesson_end_ || now < *lesson_end_);
  }
  GapReason open_reason() const { return reason_.value_or(GapReason::kSourceLost); }

 private:
  using Border = FragmentAssembler::Border;

  bool stored_already(const link::AccessUnit& unit) const;
  bool adopt_format(bool sync);
  std::shared_ptr<const TrackFormat> format_now() const;
  void make_timeline();
  bool admit(const link::AccessUnit& unit, const Placement& placement);
  void append(link::AccessUnit unit, UnitName name, const Placement& placement);
  std::int64_t earliest_ticks() const;
  std::int64_t lone_duration() const;
  void close_alone(Border border);
  void emit(Fragment fragment);
  bool needs_sync(bool sync) const { return beginning_.kind == MediaKind::kVideo && !sync; }

  Beginning beginning_;
  const UsualDistance& distance_;
  Emit emit_;
  FragmentAssembler assembler_;
  std::unique_ptr<Timeline> timeline_;
  std::shared_ptr<const TrackFormat> format_;    // of what is being assembled
  std::shared_ptr<const TrackFormat> declared_;  // what the source said last
  bool format_changed_ = false;
  bool waiting_for_sync_ = true;   // pictures only
  bool resuming_ = false;          // nothing taken yet since the resume
  std::optional<LessonTime> end_;  // of what was emitted
  std::optional<LessonTime> lesson_end_;
  LessonTime not_before_;
  bool reached_end_ = false;
  std::optional<GapReason> reason_;
  MonotonicTime last_arrival_;
};

}  // namespace shilu::recorder

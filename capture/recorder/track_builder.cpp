#include "capture/recorder/track_builder.h"

#include <algorithm>
#include <limits>

#include "capture/bmff/fragment_writer.h"
#include "capture/recorder/audio_timeline.h"
#include "capture/recorder/video_timeline.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kSilence = std::chrono::milliseconds(2500);
constexpr std::uint32_t kAacFrame = 1024;

}  // namespace

TrackBuilder::TrackBuilder(Beginning beginning, const UsualDistance& distance, Emit emit)
    : beginning_(beginning),
      distance_(distance),
      emit_(std::move(emit)),
      assembler_(beginning.kind),
      resuming_(beginning.stored_until.has_value()),
      end_(beginning.stored_until),
      not_before_(beginning.not_before),
      reason_(beginning.stored_until ? beginning.stored_reason : GapReason::kLateStart) {}

Status TrackBuilder::set_parameters(const link::TrackParameters& parameters) {
  auto format = std::make_shared<TrackFormat>();
  format->parameters = parameters.parameters;
  format->nominal_ticks = parameters.nominal_ticks;
  if (beginning_.kind == MediaKind::kAudio && format->nominal_ticks == 0) format->nominal_ticks = kAacFrame;
  SHILU_TRY(format->header, bmff::track_header(parameters.parameters));
  format_changed_ = !declared_ || declared_->header != format->header;
  declared_ = std::move(format);
  return {};
}

// The format that an epoch beginning now would have.
std::shared_ptr<const TrackFormat> TrackBuilder::format_now() const {
  if (beginning_.kind == MediaKind::kAudio) return declared_;
  const auto current = format_changed_ || !format_ ? 0 : format_->nominal_ticks;
  const auto nominal = distance_.nominal(declared_->nominal_ticks, current, declared_->parameters.timescale);
  if (nominal == declared_->nominal_ticks) return declared_;
  auto format = std::make_shared<TrackFormat>(*declared_);
  format->nominal_ticks = nominal;
  return format;
}

void TrackBuilder::make_timeline() {
  const auto scale = format_->parameters.timescale;
  if (beginning_.kind == MediaKind::kVideo) {
    timeline_ = std::make_unique<VideoTimeline>(beginning_.lesson_start, scale, format_->nominal_ticks);
    return;
  }
  std::optional<std::int64_t> continue_at;
  if (end_) continue_at = ticks_from_ns(end_->ns, scale);
  timeline_ =
      std::make_unique<AudioTimeline>(beginning_.lesson_start, scale, format_->nominal_ticks, continue_at);
}

// Takes up a new format where one is due; false: this unit cannot begin with it.
bool TrackBuilder::adopt_format(bool sync) {
  if (format_ && !format_changed_ && needs_sync(sync)) return true;
  const auto wanted = format_now();
  if (format_ && *format_ == *wanted) {
    format_changed_ = false;
    return true;
  }
  if (needs_sync(sync)) {
    close_alone(Border::kComplete);
    return false;
  }
  const bool other_scale = !format_ || format_->parameters.timescale != wanted->parameters.timescale;
  close_alone(Border::kComplete);
  format_ = wanted;
  format_changed_ = false;
  if (other_scale) make_timeline();
  timeline_->set_nominal(format_->nominal_ticks);
  return true;
}

bool TrackBuilder::stored_already(const link::AccessUnit& unit) const {
  const Nanoseconds tolerance(ns_from_ticks(declared_->nominal_ticks / 2, declared_->parameters.timescale));
  return resuming_ && LessonTime{(unit.decode_time - beginning_.lesson_start).count()} < *end_ - tolerance;
}

void TrackBuilder::add(link::AccessUnit unit, std::uint64_t peer, MonotonicTime now) {
  const LessonTime begin{(unit.decode_time - beginning_.lesson_start).count()};
  if (!declared_ || reached_end_ || unit.data.empty() || stored_already(unit)) return;
  if (begin < not_before_) return;
  last_arrival_ = now;
  if (!adopt_format(unit.sync)) {
    waiting_for_sync_ = true;
    return;
  }
  if (assembler_.full(*format_)) timeline_->fragment_begins();
  const auto placement = timeline_->place(unit, now);
  if (lesson_end_ && begin >= *lesson_end_) {
    const bool joined = placement.verdict == Placement::Verdict::kJoined && !waiting_for_sync_;
    if (!assembler_.empty() && joined) {
      emit(assembler_.close(format_, std::max(placement.decode_ticks, earliest_ticks()), Border::kComplete));
    }
    flush();
    reached_end_ = true;
    return;
  }
  if (!admit(unit, placement)) return;
  resuming_ = false;
  const UnitName name{peer, unit.number};
  append(std::move(unit), name, placement);
}

// Whether the unit can follow; closes what is open where it cannot be joined to it.
bool TrackBuilder::admit(const link::AccessUnit& unit, const Placement& placement) {
  if (placement.verdict == Placement::Verdict::kDrop) return false;
  const bool apart = placement.verdict == Placement::Verdict::kApart;
  if (beginning_.kind == MediaKind::kAudio) {
    // Before the beginning nothing is kept but the frame that reaches past it.
    const auto end = placement.decode_ticks + static_cast<std::int64_t>(format_->nominal_ticks);
    if (end <= ticks_from_ns(beginning_.earliest.ns, format_->parameters.timescale)) return false;
    if (apart) close_alone(Border::kComplete);
    return true;
  }
  const bool broken = unit.discontinuity || waiting_for_sync_;  // pictures that lean on lost ones
  if (broken && !unit.sync) {
    close_alone(Border::kComplete);
    waiting_for_sync_ = true;
    return false;
  }
  waiting_for_sync_ = false;
  // Pictures left out, none lost: the next leans on the last before the hole, so it may go on without an IDR.
  if (apart) close_alone(Border::kAtLimit);
  return unit.sync || !waiting_for_sync_;
}

// Where the next sample may begin at the earliest.
std::int64_t TrackBuilder::earliest_ticks() const {
  if (!assembler_.empty()) return assembler_.last_decode_ticks() + 1;
  if (!end_) return std::numeric_limits<std::int64_t>::min();
  return ticks_from_ns(end_->ns, format_->parameters.timescale);
}

void TrackBuilder::append(link::AccessUnit unit, UnitName name, const Placement& placement) {
  CodedSample sample;
  const auto shown = placement.decode_ticks + placement.composition_offset;
  sample.decode_ticks = std::max(placement.decode_ticks, earliest_ticks());
  sample.composition_offset =
      static_cast<std::uint32_t>(std::max<std::int64_t>(shown - sample.decode_ticks, 0));
  sample.sync = unit.sync || beginning_.kind == MediaKind::kAudio;
  sample.data = std::move(unit.data);
  const auto border =
      assembler_.border_before(sample.sync, sample.decode_ticks, sample.data.size(), *format_);
  if (border != Border::kNone) emit(assembler_.close(format_, sample.decode_ticks, border));
  if (waiting_for_sync_ && needs_sync(sample.sync)) return;
  waiting_for_sync_ = false;
  assembler_.add(std::move(sample), name, placement.clock_suspect);
}

// Of a sample after which none came.
std::int64_t TrackBuilder::lone_duration() const {
  if (format_->nominal_ticks != 0) return format_->nominal_ticks;
  const auto seen = distance_.ticks(format_->parameters.timescale);
  return seen != 0 ? seen : format_->parameters.timescale / 25;
}

void TrackBuilder::close_alone(Border border) {
  if (assembler_.empty()) return;
  const auto end = assembler_.last_decode_ticks() + lone_duration();
  emit(assembler_.close(format_, end, border));
}

void TrackBuilder::emit(Fragment fragment) {
  const auto end = fragment.end();
  if (end <= beginning_.earliest) return;  // nobody asked for it
  fragment.reason_of_gap = open_reason();
  if (const auto lost = emit_(std::move(fragment))) {
    reason_ = *lost;
    waiting_for_sync_ = true;  // what follows leans on what is lost
    return;
  }
  end_ = end;
  reason_.reset();
}

void TrackBuilder::interrupt(GapReason reason) {
  if (format_) close_alone(Border::kComplete);
  if (!reason_) reason_ = reason;
  waiting_for_sync_ = true;
}

void TrackBuilder::close_if_silent(MonotonicTime now) {
  if (!assembler_.empty() && now - last_arrival_ > kSilence) close_alone(Border::kAtLimit);
}

void TrackBuilder::end_at(LessonTime end) {
  lesson_end_ = end;
  if (format_) assembler_.drop_from(ticks_from_ns(end.ns, format_->parameters.timescale));
}

void TrackBuilder::go_on(LessonTime from, GapReason reason) {
  flush();
  lesson_end_.reset();
  reached_end_ = false;
  not_before_ = from;
  if (!reason_) reason_ = reason;
  waiting_for_sync_ = true;
  if (timeline_) timeline_->left_out();
}

void TrackBuilder::cut(LessonTime from, GapReason reason) {
  interrupt(reason);
  if (timeline_) timeline_->left_out();
  not_before_ = from;
}

void TrackBuilder::move_start(MonotonicTime lesson_start, GapReason reason) {
  interrupt(reason);
  beginning_.lesson_start = lesson_start;
  if (format_) make_timeline();
}

void TrackBuilder::flush() {
  if (format_) close_alone(Border::kComplete);
}

}  // namespace shilu::recorder

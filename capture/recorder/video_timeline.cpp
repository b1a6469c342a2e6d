#include "capture/recorder/video_timeline.h"

#include <algorithm>

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kTooFarAhead = std::chrono::seconds(5);
constexpr Nanoseconds kRepeatsCome = std::chrono::seconds(3);  // after a new connection: in one burst
constexpr Nanoseconds kLongestRepeat = std::chrono::seconds(15);
constexpr std::uint32_t kUsualPicturesPerSecond = 25;

}  // namespace

VideoTimeline::VideoTimeline(MonotonicTime lesson_start, std::uint32_t timescale, std::uint32_t nominal_ticks)
    : lesson_start_(lesson_start), timescale_(timescale), nominal_ticks_(nominal_ticks) {}

std::int64_t VideoTimeline::ticks_of(MonotonicTime time) const {
  return ticks_from_ns((time - lesson_start_ + correction_).count(), timescale_);
}

std::int64_t VideoTimeline::step_ticks() const {
  return nominal_ticks_ != 0 ? nominal_ticks_ : timescale_ / kUsualPicturesPerSecond;
}

std::int64_t VideoTimeline::apart_beyond() const {
  return nominal_ticks_ == 0 ? timescale_
                             : std::min<std::int64_t>(nominal_ticks_ * 5LL / 2, 2LL * timescale_);
}

// From here on the source's clock is put right: behind the last picture, or, after a time that was taken for
// a repeat, by our own.
void VideoTimeline::correct(const link::AccessUnit& unit, MonotonicTime now) {
  const Nanoseconds wanted(ns_from_ticks(*last_ + step_ticks(), timescale_));
  correction_ =
      (repeats_until_ ? std::max(wanted, now - lesson_start_) : wanted) - (unit.decode_time - lesson_start_);
  repeats_until_.reset();
}

// Many cameras begin a connection with what they showed since their last key picture, which may be stored
// already.
bool VideoTimeline::is_repeat(std::int64_t ticks, MonotonicTime now) const {
  return repeats_until_ && now < *repeats_until_ &&
         *last_ - ticks < ticks_from_ns(kLongestRepeat.count(), timescale_);
}

Placement VideoTimeline::place(const link::AccessUnit& unit, MonotonicTime now) {
  if (unit.discontinuity) {
    correction_ = Nanoseconds(0);  // a new connection: its clock is believed again
    repeats_until_ = now + kRepeatsCome;
  }
  Placement placement;
  const bool ahead = unit.decode_time + correction_ - now > kTooFarAhead;
  if (ahead && !last_) {
    correction_ = now - unit.decode_time;
    placement.clock_suspect = true;
  }
  auto ticks = ticks_of(unit.decode_time);
  if (last_) {
    const bool far_back = ticks - *last_ < -static_cast<std::int64_t>(timescale_);
    if ((far_back && !is_repeat(ticks, now)) || ahead) {
      correct(unit, now);
      ticks = ticks_of(unit.decode_time);
      placement.clock_suspect = true;
    }
    const auto delta = ticks - *last_;
    if (delta > 0) repeats_until_.reset();
    if (delta <= 0) {
      ticks = *last_ + 1;
      placement.clock_suspect = true;
    } else if (delta > apart_beyond()) {
      placement.verdict = Placement::Verdict::kApart;
    } else if (nominal_ticks_ != 0) {
      ticks = std::min(ticks, *last_ + 2 * std::int64_t{nominal_ticks_});
    }
  }
  last_ = ticks;
  placement.decode_ticks = ticks;
  const auto offset = ticks_of(unit.presentation_time) - ticks;
  placement.composition_offset = static_cast<std::uint32_t>(std::clamp<std::int64_t>(offset, 0, 1LL << 31));
  return placement;
}

}  // namespace shilu::recorder

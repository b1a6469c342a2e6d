#include "capture/live/sender_clock.h"

#include <algorithm>

#include "firmware/lesson/lesson_time.h"

namespace shilu::live {

void SenderClock::note(std::uint32_t timestamp, std::uint32_t rate) {
  rate_ = rate;
  // The nearest way round: B-pictures go back, and the timestamp wraps at 2^32.
  if (last_) ticks_ += static_cast<std::int32_t>(timestamp - *last_);
  last_ = timestamp;
}

std::optional<Nanoseconds> SenderClock::rtp() const {
  if (rate_ == 0 || !last_) return std::nullopt;
  return Nanoseconds(ns_from_ticks(ticks_, rate_));
}

Nanoseconds SenderClock::count(Nanoseconds frame, MonotonicTime measured, bool lost) {
  if (measured_) counted_ += lost ? std::max(frame, measured - *measured_) : frame;
  measured_ = measured;
  return counted_;
}

}  // namespace shilu::live

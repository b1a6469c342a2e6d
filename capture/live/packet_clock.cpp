#include "capture/live/packet_clock.h"

#include <algorithm>

#include "firmware/lesson/lesson_time.h"

namespace shilu::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kStretchNs = 250'000'000;
constexpr Nanoseconds kStall = milliseconds(500);
// How long after a stall arrivals may still be late: a camera sends what has piled up as fast as the line
// takes it.
constexpr Nanoseconds kCatchingUp = seconds(4);
// Beyond this the sender has a new clock. B-pictures go back by less.
constexpr Nanoseconds kJump = seconds(1);
// More than this is not followed bit by bit.
constexpr Nanoseconds kFar = milliseconds(500);
constexpr Nanoseconds kLargestBias = milliseconds(100);
constexpr double kFollowWithinNs = 1e9;
constexpr double kFindWithinNs = kFollowWithinNs / 4;

}  // namespace

void PacketClock::note_delay(Nanoseconds delay, MonotonicTime now) {
  const auto stretch = now.ns / kStretchNs;
  auto& bucket = buckets_[static_cast<std::size_t>(stretch) % buckets_.size()];
  bucket = {stretch, bucket.stretch == stretch ? std::min(bucket.least, delay) : delay};
}

std::optional<Nanoseconds> PacketClock::least_delay(MonotonicTime now) const {
  const auto oldest = now.ns / kStretchNs - static_cast<std::int64_t>(buckets_.size());
  std::optional<Nanoseconds> least;
  for (const auto& bucket : buckets_) {
    if (bucket.stretch > oldest) least = least ? std::min(*least, bucket.least) : bucket.least;
  }
  return least;
}

void PacketClock::restart(Nanoseconds offset) {
  offset_ = offset;
  furthest_ = ticks_;
  buckets_.fill({});
  late_until_ = {0};
}

// The jitter buffer saw the packets come a little earlier than they are seen here, and what decoders and
// encoders behind it have counted from is its time: the times go on from there.
void PacketClock::settle(Nanoseconds offset, MonotonicTime now) {
  settled_ = true;
  bias_ = std::clamp(offset - least_delay(now).value_or(offset), -kLargestBias, kLargestBias);
  offset_ = offset;
}

// `passed`: of the sender's time since the last packet; `early`: the delay is only being found.
void PacketClock::follow(Nanoseconds passed, bool early, MonotonicTime now) {
  const auto least = least_delay(now);
  if (!least) return;
  const auto error = *least + bias_ - offset_;
  if (error > Nanoseconds(0) && now < late_until_) return;
  if (std::chrono::abs(error) > kFar) return restart(*least + bias_);
  const auto share =
      std::clamp(static_cast<double>(passed.count()) / (early ? kFindWithinNs : kFollowWithinNs), 0.0, 1.0);
  offset_ += Nanoseconds(static_cast<std::int64_t>(static_cast<double>(error.count()) * share));
}

MonotonicTime PacketClock::place(std::uint32_t timestamp, std::optional<MonotonicTime> measured,
                                 MonotonicTime now) {
  const auto step = last_timestamp_ ? static_cast<std::int32_t>(timestamp - *last_timestamp_) : 0;
  last_timestamp_ = timestamp;
  ticks_ += step;  // the nearest way round: the timestamp wraps at 2^32
  const Nanoseconds sender(ns_from_ticks(ticks_, rate_));
  const auto passed = Nanoseconds(ns_from_ticks(ticks_ - furthest_, rate_));
  furthest_ = std::max(furthest_, ticks_);
  if (last_arrival_ && now - *last_arrival_ > std::max(passed, Nanoseconds(0)) + kStall)
    late_until_ = now + kCatchingUp;
  last_arrival_ = now;
  note_delay(Nanoseconds(now.ns) - sender, now);
  if (!settled_) {
    if (measured && sender < settling_) return *measured;
    settle(Nanoseconds(measured.value_or(now).ns) - sender, now);
  }
  const bool from_the_future = sender + offset_ > Nanoseconds(now.ns) + kJump;
  if (passed < -kJump || from_the_future) {
    restart(Nanoseconds(now.ns) - sender + bias_);
  } else {
    follow(passed, sender < settling_, now);
  }
  return {(sender + offset_).count()};
}

}  // namespace shilu::live

#pragma once
// When a camera sent a packet, on our clock. The RTP timestamps tell the distances, the arrivals tell where
// they lie: the packet that took the least of the last two seconds was on the way for no time to speak of.
// GStreamer's jitter buffer (mode "slave") does the same, but takes every delay of more than 1 s for a new
// clock: a network that stands still for 1.5 s then bends the times of the next seconds. Here what comes late
// after a stall is late, and nothing else. Without a jitter buffer the clock finds the delay by itself.
// Thread-bound.

#include <array>
#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::live {

class PacketClock {
 public:
  // `rate`: Hz of the timestamps (RFC 3550 5.1), not 0. `settling`: of the sender's time from the first
  // packet, in which the jitter buffer's own times are passed on (the times behind it go on from them) or, if
  // there is none, the delay is approached four times as fast.
  PacketClock(std::uint32_t rate, Nanoseconds settling) : rate_(rate), settling_(settling) {}
  // `measured`: by the jitter buffer, if there is one; `now`: the arrival.
  MonotonicTime place(std::uint32_t timestamp, std::optional<MonotonicTime> measured, MonotonicTime now);

 private:
  // The least delay among the arrivals of a stretch of time; `stretch` counts these.
  struct Bucket {
    std::int64_t stretch = -1;
    Nanoseconds least{0};
  };
  void note_delay(Nanoseconds delay, MonotonicTime now);
  std::optional<Nanoseconds> least_delay(MonotonicTime now) const;
  void settle(Nanoseconds offset, MonotonicTime now);
  void restart(Nanoseconds offset);
  void follow(Nanoseconds passed, bool early, MonotonicTime now);

  std::uint32_t rate_;
  Nanoseconds settling_;
  bool settled_ = false;
  Nanoseconds bias_{0};  // of the jitter buffer's times to ours
  std::optional<std::uint32_t> last_timestamp_;
  std::int64_t ticks_ = 0;         // of the sender since its first packet
  std::int64_t furthest_ = 0;      // the largest of ticks_ since the last restart
  Nanoseconds offset_{0};          // ours less the sender's
  std::array<Bucket, 8> buckets_;  // by stretch, round and round
  std::optional<MonotonicTime> last_arrival_;
  MonotonicTime late_until_{0};  // after a stall: what comes before this may be late
};

}  // namespace shilu::live

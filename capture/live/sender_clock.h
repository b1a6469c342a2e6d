#pragma once
// The sender's clock at each unit, as far as it can be seen: for pictures the RTP timestamp (RFC 3550 5.1),
// unwrapped; for sound the count of samples. Thread-bound.

#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::live {

class SenderClock {
 public:
  // An RTP packet came; `rate`: Hz of its timestamp.
  void note(std::uint32_t timestamp, std::uint32_t rate);
  // The clock at the packet that was noted last; nullopt without one.
  std::optional<Nanoseconds> rtp() const;
  // The clock at a unit of sound that lasts `frame`; `measured`, its measured time, tells how much was lost
  // before it.
  Nanoseconds count(Nanoseconds frame, MonotonicTime measured, bool lost);

 private:
  std::uint32_t rate_ = 0;
  std::optional<std::uint32_t> last_;
  std::int64_t ticks_ = 0;
  Nanoseconds counted_{0};
  std::optional<MonotonicTime> measured_;
};

}  // namespace shilu::live

#pragma once
// Lets bytes pass at a rate. Holds a tenth of a second of them, so that a pause is not paid back in a burst.
// Pure.

#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::sender {

class TokenBucket {
 public:
  // Takes effect at once; nullopt: no limit.
  void set_rate(std::optional<std::uint64_t> bytes_per_s, MonotonicTime now);
  // How many of `wanted` may go now; 0: not enough for a packet or two.
  std::size_t take(std::size_t wanted, MonotonicTime now);

 private:
  double most() const;
  void refill(MonotonicTime now);
  std::optional<std::uint64_t> rate_;
  double tokens_ = 0;
  MonotonicTime refilled_{};
};

}  // namespace shilu::sender

#pragma once
// Bytes per second over the last seconds, from what the peer acknowledged.

#include <deque>
#include <utility>

#include "firmware/base/clock.h"

namespace shilu::sender {

class RateMeter {
 public:
  void add(MonotonicTime at, std::uint64_t total_bytes);
  double bytes_per_second() const;  // 0: not known yet

 private:
  std::deque<std::pair<MonotonicTime, std::uint64_t>> samples_;
};

}  // namespace shilu::sender

#pragma once
// The usual distance of two pictures, from what is seen: cameras declare 25 and send 21. Thread-bound.

#include <cstdint>
#include <optional>
#include <vector>

#include "firmware/base/clock.h"

namespace shilu::live {

class NominalTicks {
 public:
  // Ticks of 1/90000 s, once, when enough has been seen; a frame rate that is a round number but for the
  // network's jitter is taken as that number.
  std::optional<std::uint32_t> add(MonotonicTime decode_time);
  void restart();  // after a gap, and for a new stream

 private:
  std::optional<MonotonicTime> last_;
  std::vector<std::int64_t> steps_;  // ns
  bool told_ = false;
};

}  // namespace shilu::live

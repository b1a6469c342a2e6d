#pragma once
// How far apart the pictures of a source really come. Cameras declare 25 per second and deliver 12 when it
// gets dark; what is declared is believed only while it is not refuted. Thread-bound.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::recorder {

class UsualDistance {
 public:
  void add(MonotonicTime decode_time);
  // The median of the last 15 distances; 0 before there are 8.
  std::uint32_t ticks(std::uint32_t timescale) const;
  // What to call usual in the epoch that begins now: `current` (or, at the first, what was declared) unless
  // the distances seen are below 0.6 or above 1.6 of it.
  std::uint32_t nominal(std::uint32_t declared, std::uint32_t current, std::uint32_t timescale) const;

 private:
  std::optional<MonotonicTime> last_;
  std::array<std::int64_t, 15> distances_{};  // ns; a ring
  std::size_t count_ = 0;
};

}  // namespace shilu::recorder

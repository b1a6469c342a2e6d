#include "upload/sender/backoff.h"

#include <algorithm>

namespace shilu::sender {

Nanoseconds backoff(const BackoffLimits& limits, std::int64_t attempts, double fraction,
                    std::optional<Nanoseconds> floor) {
  Nanoseconds window = limits.first;
  for (std::int64_t i = 0; i < attempts && window < limits.cap; ++i) window *= 2;
  window = std::min(window, limits.cap);
  const Nanoseconds jittered(static_cast<std::int64_t>(static_cast<double>(window.count()) * fraction));
  return std::max(jittered, floor.value_or(Nanoseconds(0)));
}

Nanoseconds question_pause(Nanoseconds waited, Nanoseconds usual) {
  constexpr Nanoseconds kLeast = std::chrono::milliseconds(50);
  return std::clamp(waited / 2, std::min(kLeast, usual), usual);
}

}  // namespace shilu::sender

#pragma once
// Full-jitter exponential backoff (AWS architecture blog, "Exponential Backoff And Jitter", 2015): a random
// time between 0 and min(cap, first * 2^attempts), so that a thousand devices do not come back at the same
// moment.

#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::sender {

struct BackoffLimits {
  Nanoseconds first;
  Nanoseconds cap;
};

// `fraction` in [0, 1) is the random part; `floor` is what the peer asked for (Retry-After) and always kept.
Nanoseconds backoff(const BackoffLimits& limits, std::int64_t attempts, double fraction,
                    std::optional<Nanoseconds> floor = std::nullopt);

// Until the next question about something that often takes a moment and sometimes long: half of the time that
// was waited, so that a third of all waiting at most is for nothing; 50 ms at least, `usual` at most.
Nanoseconds question_pause(Nanoseconds waited, Nanoseconds usual);

}  // namespace shilu::sender

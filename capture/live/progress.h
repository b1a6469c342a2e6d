#pragma once
// What the streams of one attempt tell the thread that watches over it. Thread-safe.

#include <atomic>
#include <cstdint>

#include "firmware/base/clock.h"
#include "firmware/lesson/track.h"

namespace shilu::live {

struct Progress {
  struct Kind {
    std::atomic<bool> announced{false};
    std::atomic<std::int64_t> last_unit_ns{0};  // CLOCK_MONOTONIC of its arrival; 0: none yet
  };
  Kind& of(MediaKind kind) { return kind == MediaKind::kVideo ? video : audio; }

  Kind video;
  Kind audio;
  // Distance of the newest two pictures that need no other, as they arrived; 0: fewer than two yet.
  std::atomic<std::int64_t> key_distance_ns{0};
  std::atomic<std::int64_t> last_key_ns{0};  // CLOCK_MONOTONIC of its arrival; 0: none yet
  std::atomic<bool> begun{false};            // something arrived that can be recorded
  std::atomic<bool> live{false};             // and the peers have been told
  std::atomic<bool> keyless{false};          // pictures came, but none yet that needs no other
};

}  // namespace shilu::live

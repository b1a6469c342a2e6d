#pragma once
// The platform's clock as its last answer told it. It goes on by the monotonic clock, which nobody sets: what
// NTP or a person does to the wall clock meanwhile changes nothing. No state of its own.

#include "firmware/base/clock.h"

namespace shilu::sender {

struct HeardClock {
  WallTime said;
  MonotonicTime at;  // by ours, when that was heard

  // A machine that slept finds it late, never early.
  WallTime now(const Clock& ours) const { return {said.ns + (ours.monotonic() - at).count()}; }
  std::chrono::seconds ahead_of(const Clock& ours) const {
    return std::chrono::seconds((now(ours).ns - ours.wall().ns) / 1'000'000'000);
  }
};

}  // namespace shilu::sender

#pragma once
// How long an attempt at a source waits for it.

#include "firmware/base/clock.h"

namespace shilu::live {

enum class StartTimes { kSettled, kAsTheyCome };

struct AttemptTimes {
  Nanoseconds first_unit = std::chrono::seconds(10);  // the handshake may take some
  Nanoseconds silence = std::chrono::seconds(3);
  // Of a network camera's first seconds: settled by holding them back (StartSettler), or at once, for a quick
  // look.
  StartTimes start = StartTimes::kSettled;
};

}  // namespace shilu::live

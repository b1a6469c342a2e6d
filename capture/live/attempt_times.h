#pragma once
// How long an attempt at a source waits for it.

#include "firmware/base/clock.h"

namespace shilu::live {

struct AttemptTimes {
  Nanoseconds first_unit = std::chrono::seconds(10);  // the handshake may take some
  Nanoseconds silence = std::chrono::seconds(3);
};

}  // namespace shilu::live

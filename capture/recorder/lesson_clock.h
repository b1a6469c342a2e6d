#pragma once
// Lesson time across reboots and sleeps of the machine. CLOCK_MONOTONIC begins anew with each boot; what is
// left then is the wall clock, which the journal has beside lesson time every 10 s.

#include "capture/journal/record.h"
#include "firmware/base/clock.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::recorder {

struct ClockAnchor {
  LessonTime at;
  WallTime wall;
  ClockQuality quality;
};

// Where nothing is known of the time that passed, it may be off by as much as a lesson may rest before it is
// closed.
inline constexpr std::int64_t kUnknownErrorMs = 600'000;

// CLOCK_BOOTTIME - CLOCK_MONOTONIC: the latter stands still while the machine sleeps.
Nanoseconds machine_slept();

// Where lesson time 0 lies on the clock of this boot. The time since the anchor is what the wall clock says.
// Where that is impossible - the wall clock was set back, or the machine has none while it is off - it is
// taken to be what this boot has lasted so far, and `synchronised` is false. Never earlier than
// `stored_until`.
journal::RebaseEvent rebase_after_reboot(const ClockAnchor& anchor, LessonTime stored_until,
                                         const Clock& clock, Nanoseconds slept = machine_slept());

}  // namespace shilu::recorder

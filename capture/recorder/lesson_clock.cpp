#include "capture/recorder/lesson_clock.h"

#include <time.h>

#include <algorithm>

namespace shilu::recorder {

// Two readings one after the other: what lies between them is far below a millisecond, and sleeps are
// seconds.
Nanoseconds machine_slept() {
  timespec monotonic{};
  timespec since_boot{};
  ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return std::chrono::seconds(since_boot.tv_sec - monotonic.tv_sec) +
         Nanoseconds(since_boot.tv_nsec - monotonic.tv_nsec);
}

journal::RebaseEvent rebase_after_reboot(const ClockAnchor& anchor, LessonTime stored_until,
                                         const Clock& clock, Nanoseconds slept) {
  const auto quality = clock.quality();
  const Nanoseconds this_boot = Nanoseconds(clock.monotonic().ns) + slept;
  const Nanoseconds passed(clock.wall().ns - anchor.wall.ns);
  const bool possible = passed >= this_boot && anchor.at + passed >= stored_until;
  const auto now = possible ? anchor.at + passed : std::max(anchor.at, stored_until) + this_boot;
  journal::RebaseEvent event;
  event.boot_id = boot_id();
  event.start_monotonic = MonotonicTime{clock.monotonic().ns - now.ns};
  event.synchronised = possible && quality.synchronised && anchor.quality.synchronised;
  event.error_ms = possible ? quality.error_ms + anchor.quality.error_ms : kUnknownErrorMs;
  event.reason = "reboot";
  return event;
}

}  // namespace shilu::recorder

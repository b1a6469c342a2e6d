#include "capture/recorder/lesson_clock.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::recorder;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

ClockAnchor anchor_at(const ManualClock& clock, std::int64_t lesson_seconds) {
  return {LessonTime{lesson_seconds * kSecond}, clock.wall(), {true, 20}};
}

}  // namespace

TEST_CASE("after a reboot lesson time goes on by the wall clock, and both clocks' errors add up") {
  ManualClock clock;  // one second after the boot
  clock.set_quality({true, 30});
  auto anchor = anchor_at(clock, 600);
  clock.set_wall(WallTime{clock.wall().ns + 45 * kSecond});
  const auto event = rebase_after_reboot(anchor, LessonTime{605 * kSecond}, clock, Nanoseconds(0));
  CHECK(event.start_monotonic.ns == clock.monotonic().ns - 645 * kSecond);
  CHECK(event.synchronised);
  CHECK(event.error_ms == 50);
  CHECK(event.reason == "reboot");
  CHECK(event.boot_id == boot_id());
}

TEST_CASE("a wall clock that nobody set is said to be none") {
  ManualClock clock;
  clock.set_quality({false, 16'000});
  const auto anchor = anchor_at(clock, 600);
  clock.set_wall(WallTime{clock.wall().ns + 45 * kSecond});
  CHECK_FALSE(rebase_after_reboot(anchor, {}, clock, Nanoseconds(0)).synchronised);
}

TEST_CASE(
    "a wall clock that went back is not believed: at least this boot has passed, and the error says how "
    "little is known") {
  ManualClock clock;
  clock.advance(std::chrono::seconds(29));  // 30 s after the boot
  const auto anchor = anchor_at(clock, 600);
  clock.set_wall(WallTime{0});  // 1970: no battery
  const auto event = rebase_after_reboot(anchor, LessonTime{612 * kSecond}, clock, Nanoseconds(0));
  CHECK(event.start_monotonic.ns == clock.monotonic().ns - (612 + 30) * kSecond);
  CHECK_FALSE(event.synchronised);
  CHECK(event.error_ms == kUnknownErrorMs);
}

TEST_CASE("lesson time never goes back before what is stored") {
  ManualClock clock;
  const auto anchor = anchor_at(clock, 600);
  clock.set_wall(WallTime{clock.wall().ns + 3 * kSecond});
  const auto event = rebase_after_reboot(anchor, LessonTime{620 * kSecond}, clock, Nanoseconds(0));
  CHECK(clock.monotonic().ns - event.start_monotonic.ns >= 620 * kSecond);
}

#include "firmware/base/clock.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "firmware/base/ids.h"

using namespace shilu;

TEST_CASE("wall time is written as RFC 3339 in UTC with milliseconds") {
  CHECK(to_rfc3339(WallTime{0}) == "1970-01-01T00:00:00.000Z");
  // date -u -d @1795248000 -> 2026-11-21T08:00:00
  CHECK(to_rfc3339(WallTime{1'795'248'000'123'999'999}) == "2026-11-21T08:00:00.123Z");
  CHECK(to_rfc3339(WallTime{1'709'164'800'000'000'000}) == "2024-02-29T00:00:00.000Z");
  CHECK(to_rfc3339(WallTime{-1'000'000}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("RFC 3339 is read with its offset and any fraction") {
  CHECK(wall_from_rfc3339("2026-11-21T08:00:00Z").value().ns == 1'795'248'000'000'000'000);
  CHECK(wall_from_rfc3339("2026-11-21T16:00:00+08:00").value().ns == 1'795'248'000'000'000'000);
  CHECK(wall_from_rfc3339("2026-11-21T02:30:00-05:30").value().ns == 1'795'248'000'000'000'000);
  CHECK(wall_from_rfc3339("2026-11-21T08:00:00.123456789Z").value().ns == 1'795'248'000'123'456'789);
  CHECK(wall_from_rfc3339("2026-11-21T08:00:00.1234567899Z").value().ns == 1'795'248'000'123'456'789);
  CHECK(wall_from_rfc3339("1969-12-31T23:59:59.5Z").value().ns == -500'000'000);
}

TEST_CASE("what is written is read back") {
  const WallTime time{1'795'248'000'123'000'000};
  CHECK(wall_from_rfc3339(to_rfc3339(time)).value() == time);
}

TEST_CASE("text that is no time is refused") {
  const auto text = GENERATE(as<std::string>(), "", "2026-11-21", "2026-11-21T08:00:00",
                             "2026-13-21T08:00:00Z", "2026-02-29T08:00:00Z", "2026-11-21T24:00:00Z",
                             "2026-11-21T08:60:00Z", "2026-11-21 08:00:00Z", "2026-11-21T08:00:00.Z",
                             "2026-11-21T08:00:00Zx", "2026-1-21T08:00:00Z", "2026-11-21T08:00:00+8:00",
                             "+026-11-21T08:00:00Z", "9999-11-21T08:00:00Z", "0001-01-01T00:00:00Z");
  CAPTURE(text);
  CHECK(wall_from_rfc3339(text).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("monotonic time goes on and never back") {
  const SystemClock clock;
  auto last = clock.monotonic();
  for (int i = 0; i < 1000; ++i) {
    const auto now = clock.monotonic();
    REQUIRE(now >= last);
    last = now;
  }
  // The same clock as the kernel's uptime (which counts in hundredths and includes no suspend here).
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  CHECK(static_cast<double>(clock.monotonic().ns) / 1e9 == Approx(uptime).margin(5));
}

TEST_CASE("wall time is that of the system") {
  const auto seconds = SystemClock().wall().ns / 1'000'000'000;
  CHECK(std::abs(seconds - static_cast<std::int64_t>(std::time(nullptr))) <= 1);
}

TEST_CASE("the quality of the clock can be asked without privileges") {
  CHECK(SystemClock().quality().error_ms >= 0);
}

TEST_CASE("a manual clock moves only when told") {
  ManualClock clock;
  const auto start = clock.monotonic();
  const auto wall = clock.wall();
  CHECK(clock.monotonic() == start);
  clock.advance(std::chrono::seconds(3));
  CHECK(clock.monotonic() - start == std::chrono::seconds(3));
  CHECK(clock.wall().ns - wall.ns == 3'000'000'000);
  clock.set_wall(WallTime{5});
  CHECK(clock.wall() == WallTime{5});
  clock.set_quality({false, 70'000});
  CHECK_FALSE(clock.quality().synchronised);
}

TEST_CASE("the boot has an id that stays") {
  CHECK(is_uuid(boot_id()));
  CHECK(boot_id() == boot_id());
}

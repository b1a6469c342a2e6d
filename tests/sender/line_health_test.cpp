#include "upload/sender/line_health.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;

namespace {

Nanoseconds held(const LineHealth& line, MonotonicTime now) {
  return line.hold_until() ? *line.hold_until() - now : Nanoseconds(0);
}

}  // namespace

TEST_CASE("an outage costs at most about a tenth of its own length more, and two seconds of a short one") {
  for (const Nanoseconds outage : {Nanoseconds(30s), Nanoseconds(10min), Nanoseconds(2h)}) {
    LineHealth line;
    const MonotonicTime begin{1'000'000'000};
    MonotonicTime now = begin;
    line.on_failure(now, 0.999);
    while (now - begin < outage) {  // each try costs a second itself
      now = *line.hold_until() + 1s;
      line.on_failure(now, 0.999);
    }
    INFO(outage.count());
    CHECK(held(line, now) <= std::max<Nanoseconds>(2s, (now - begin) / 10));
    CHECK(held(line, now) <= 5min);
  }
}

TEST_CASE("the first try after a failure comes within a quarter of a second") {
  LineHealth line;
  const MonotonicTime now{1'000'000'000};
  line.on_failure(now, 0.999);
  CHECK(held(line, now) < 250ms);
  line.on_answer();
  CHECK_FALSE(line.hold_until());
  CHECK_FALSE(line.is_down());
}

TEST_CASE("a cable that comes back is used soon, but a long outage ends for all in different moments") {
  LineHealth line;
  MonotonicTime now{1'000'000'000};
  line.on_failure(now, 0.5);
  line.on_link_up(now + 30s, 0.999);
  CHECK(held(line, now + 30s) < 3s);
  line.on_link_up(now + 2h, 0.999);
  CHECK(held(line, now + 2h) > 59s);
  CHECK(held(line, now + 2h) <= 60s);
  line.on_link_up(now + 2h, 0.0);
  CHECK(held(line, now + 2h) == 0s);
}

TEST_CASE("a person does not wait, but what the platform asked for is kept with a spread") {
  LineHealth line;
  const MonotonicTime now{1'000'000'000};
  line.on_busy(now, 100s, 0.5);
  CHECK(held(line, now) == 105s);
  line.on_person(now);
  CHECK_FALSE(line.hold_until());
  line.on_busy(now, 24h, 0.0);
  CHECK(held(line, now) == 15min);
}

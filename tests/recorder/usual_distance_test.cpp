#include "capture/recorder/usual_distance.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::recorder;

namespace {

constexpr std::uint32_t kTimescale = 90'000;

void add_steps(UsualDistance& distance, MonotonicTime& time, int count, Nanoseconds step) {
  for (int i = 0; i < count; ++i) distance.add(time = time + step);
}

}  // namespace

TEST_CASE("the usual distance is the median of those seen") {
  UsualDistance distance;
  MonotonicTime time{1'000'000'000};
  add_steps(distance, time, 8, std::chrono::milliseconds(40));
  CHECK(distance.ticks(kTimescale) == 0);  // seven distances are not enough
  add_steps(distance, time, 1, std::chrono::milliseconds(40));
  CHECK(distance.ticks(kTimescale) == 3600);
}

TEST_CASE("a second of pictures without distance, as after a stall, does not change what is usual") {
  UsualDistance distance;
  MonotonicTime time{1'000'000'000};
  add_steps(distance, time, 20, std::chrono::milliseconds(40));
  add_steps(distance, time, 25, Nanoseconds(11'112));  // what capture/live makes of times that do not rise
  CHECK(distance.ticks(kTimescale) == 3600);
  add_steps(distance, time, 1, std::chrono::milliseconds(40));
  CHECK(distance.ticks(kTimescale) == 3600);
  CHECK(distance.nominal(3600, 3600, kTimescale) == 3600);
}

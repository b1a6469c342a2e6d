#include "capture/live/nominal_ticks.h"

#include <catch2/catch.hpp>

#include <random>

namespace shilu::live {
namespace {

// Ticks told for pictures at `rate` with up to `jitter_ns` of jitter, some lost.
std::uint32_t told(double rate, int jitter_ns, int lose_every = 0) {
  NominalTicks ticks;
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    if (lose_every > 0 && i % lose_every == lose_every - 1) continue;
    const auto jitter = jitter_ns == 0 ? 0 : static_cast<int>(random() % static_cast<unsigned>(jitter_ns));
    const auto time = static_cast<std::int64_t>(i * 1e9 / rate) + jitter;
    if (const auto answer = ticks.add({time})) return *answer;
  }
  return 0;
}

TEST_CASE("the usual distance of pictures is found from their times") {
  CHECK(told(25, 0) == 3600);
  CHECK(told(25, 200'000) == 3600);
  CHECK(told(30, 200'000) == 3000);
  CHECK(told(15, 1'000'000) == 6000);
  CHECK(told(25, 200'000, 9) == 3600);  // one of nine lost
  CHECK(told(12.5, 0) == 7200);
  CHECK(told(21, 0) == 4286);  // 90000 / 21 = 4285.7
}

TEST_CASE("nothing is told before enough pictures were seen, and then once") {
  NominalTicks ticks;
  int answers = 0;
  for (int i = 0; i < 24; ++i) answers += ticks.add({i * 40'000'000LL}) ? 1 : 0;
  CHECK(answers == 0);
  for (int i = 24; i < 200; ++i) answers += ticks.add({i * 40'000'000LL}) ? 1 : 0;
  CHECK(answers == 1);
}

}  // namespace
}  // namespace shilu::live

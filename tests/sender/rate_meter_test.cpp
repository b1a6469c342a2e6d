#include "upload/sender/rate_meter.h"

#include <catch2/catch.hpp>

using shilu::sender::RateMeter;

namespace {
shilu::MonotonicTime at(double seconds) {
  return {static_cast<std::int64_t>(seconds * 1e9)};
}
}  // namespace

TEST_CASE("a rate is unknown before two looks") {
  RateMeter meter;
  CHECK(meter.bytes_per_second() == 0);
  meter.add(at(1), 1000);
  CHECK(meter.bytes_per_second() == 0);
}

TEST_CASE("a rate is bytes over seconds, and old seconds are forgotten") {
  RateMeter meter;
  meter.add(at(0), 0);
  meter.add(at(2), 2'000'000);
  CHECK(meter.bytes_per_second() == Approx(1'000'000));
  for (int second = 3; second <= 30; ++second) {
    meter.add(at(second), 2'000'000 + static_cast<std::uint64_t>(second - 2) * 10'000);
  }
  CHECK(meter.bytes_per_second() == Approx(10'000).epsilon(0.01));
}

TEST_CASE("an offset that went back begins a new count") {
  RateMeter meter;
  meter.add(at(0), 5'000'000);
  meter.add(at(1), 6'000'000);
  meter.add(at(2), 1'000'000);
  CHECK(meter.bytes_per_second() == 0);
  meter.add(at(3), 1'500'000);
  CHECK(meter.bytes_per_second() == Approx(500'000));
}

#include "upload/sender/backoff.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;

namespace {
constexpr BackoffLimits kLimits{500ms, 5min};
}

TEST_CASE("the window of a pause doubles with each attempt up to the cap") {
  // 500 ms * 2^n, times the random half.
  CHECK(backoff(kLimits, 0, 0.5) == 250ms);
  CHECK(backoff(kLimits, 3, 0.5) == 2s);
  CHECK(backoff(kLimits, 9, 0.5) == 128s);
  CHECK(backoff(kLimits, 10, 0.5) == 150s);  // 512 s would be the window; the cap is 300 s
  CHECK(backoff(kLimits, 1'000'000'000, 0.5) == 150s);
}

TEST_CASE("what often takes a moment is asked for soon, and then after half of the time waited") {
  CHECK(question_pause(0ms, 500ms) == 50ms);
  CHECK(question_pause(150ms, 500ms) == 75ms);
  CHECK(question_pause(400ms, 500ms) == 200ms);
  CHECK(question_pause(1h, 500ms) == 500ms);
  CHECK(question_pause(1h, 20ms) == 20ms);
}

TEST_CASE("the first retry may come at once, and what the peer asks for is a floor") {
  CHECK(backoff(kLimits, 0, 0.0) == 0ms);
  CHECK(backoff(kLimits, 0, 0.9, 7s) == 7s);
  CHECK(backoff(kLimits, 9, 0.5, 7s) == 128s);
}

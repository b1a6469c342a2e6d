#include "firmware/lesson/lesson_time.h"

#include <catch2/catch.hpp>

#include "firmware/lesson/mark.h"

namespace shilu {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

TEST_CASE("ticks are rounded to the nearest, halves away from zero") {
  // One tick of 90 kHz lasts 11111.1 ns.
  CHECK(ticks_from_ns(5'555, 90'000) == 0);
  CHECK(ticks_from_ns(5'556, 90'000) == 1);
  CHECK(ticks_from_ns(-5'555, 90'000) == 0);
  CHECK(ticks_from_ns(-5'556, 90'000) == -1);
  CHECK(ticks_from_ns(500'000'000, 1) == 1);
  CHECK(ticks_from_ns(-500'000'000, 1) == -1);
  CHECK(ticks_from_ns(499'999'999, 1) == 0);
  CHECK(ns_from_ticks(1, 90'000) == 11'111);
  CHECK(ns_from_ticks(5, 90'000) == 55'556);
  CHECK(ns_from_ticks(-5, 90'000) == -55'556);
}

TEST_CASE("a day in ticks is exact") {
  CHECK(ticks_from_ns(kDayNs, 90'000) == 7'776'000'000);
  CHECK(ns_from_ticks(7'776'000'000, 90'000) == kDayNs);
  CHECK(ticks_from_ns(-kDayNs, 44'100) == -3'810'240'000);
  CHECK(ns_from_ticks(3'810'240'000, 44'100) == kDayNs);
  CHECK(ticks_from_ns(kDayNs, 4'294'967'295u) == 86'400ll * 4'294'967'295ll);
}

TEST_CASE("whole ticks come back from nanoseconds") {
  for (const std::uint32_t scale : {8'000u, 44'100u, 48'000u, 90'000u, 1'000u}) {
    for (std::int64_t tick = -3'000; tick < 3'000; ++tick) {
      const auto far = tick * 1'000'003;
      REQUIRE(ticks_from_ns(ns_from_ticks(far, scale), scale) == far);
    }
  }
}

TEST_CASE("a timescale of 0 gives 0") {
  CHECK(ns_from_ticks(5, 0) == 0);
  CHECK(ticks_from_ns(5, 0) == 0);
}

constexpr Nanoseconds kLesson = std::chrono::minutes(40);

Mark pressed_at(std::int64_t ms) {
  Mark mark;
  mark.at = LessonTime::from_ms(ms);
  return mark;
}

TEST_CASE("a mark reaches a minute back and ahead") {
  const auto range = pressed_at(600'000).range(kLesson);
  CHECK(range.from.ms() == 540'000);
  CHECK(range.to.ms() == 660'000);
}

TEST_CASE("a mark never reaches out of the lesson") {
  CHECK(pressed_at(10'000).range(kLesson).from.ms() == 0);
  CHECK(pressed_at(2'390'000).range(kLesson).to.ms() == 2'400'000);
  const auto late = pressed_at(2'400'500).range(kLesson);  // stamped just after the stop
  CHECK(late.from.ms() == 2'340'000);
  CHECK(late.to.ms() == 2'400'000);
  const auto early = pressed_at(-500).range(kLesson);
  CHECK(early.from.ms() == 0);
  CHECK(early.to.ms() == 60'000);
  CHECK(pressed_at(5).range(Nanoseconds(-1)).empty());
}

TEST_CASE("looks beyond half an hour or behind their press are cut") {
  auto mark = pressed_at(2'000'000);
  mark.look_back = std::chrono::hours(300'000);
  mark.look_ahead = std::chrono::seconds(-5);
  const auto range = mark.range(kLesson);
  CHECK(range.from.ms() == 200'000);
  CHECK(range.to.ms() == 2'000'000);
}

}  // namespace
}  // namespace shilu

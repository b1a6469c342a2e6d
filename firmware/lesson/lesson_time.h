#pragma once
// LessonTime: monotonic time since the press of "start", the only time that media code sees. Negative is
// pre-roll. In files it is shifted by kFileTimeOffset so that no decode time is ever negative, and counted in
// the track's ticks.

#include <cstdint>

#include "firmware/base/clock.h"

namespace shilu {

struct LessonTime {
  std::int64_t ns = 0;
  auto operator<=>(const LessonTime&) const = default;
  LessonTime operator+(Nanoseconds d) const { return {ns + d.count()}; }
  LessonTime operator-(Nanoseconds d) const { return {ns - d.count()}; }
  Nanoseconds operator-(LessonTime other) const { return Nanoseconds(ns - other.ns); }
  static LessonTime from_ms(std::int64_t ms) { return {ms * 1'000'000}; }
  std::int64_t ms() const { return ns / 1'000'000; }
  double seconds() const { return static_cast<double>(ns) / 1e9; }
};

// Media time in files = LessonTime + 120 s (tfdt of the first sample of lesson time 0 is 120 * timescale).
inline constexpr std::int64_t kFileTimeOffsetSeconds = 120;

// Ticks of `timescale` per second <-> ns, rounding to nearest, exact for any time of a day (128-bit inside).
std::int64_t ticks_from_ns(std::int64_t ns, std::uint32_t timescale);
std::int64_t ns_from_ticks(std::int64_t ticks, std::uint32_t timescale);

// A half-open range of lesson time.
struct TimeRange {
  LessonTime from;
  LessonTime to;
  Nanoseconds duration() const { return to - from; }
  bool empty() const { return to <= from; }
};

}  // namespace shilu

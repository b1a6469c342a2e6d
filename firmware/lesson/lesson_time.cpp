#include "firmware/lesson/lesson_time.h"

namespace shilu {
namespace {

__extension__ typedef __int128 Int128;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// value * numerator / denominator to the nearest whole number, halves away from zero.
std::int64_t scale(std::int64_t value, std::int64_t numerator, std::int64_t denominator) {
  const Int128 product = static_cast<Int128>(value) * numerator;
  const Int128 half = denominator / 2;
  return static_cast<std::int64_t>((product < 0 ? product - half : product + half) / denominator);
}

}  // namespace

std::int64_t ticks_from_ns(std::int64_t ns, std::uint32_t timescale) {
  return scale(ns, timescale, kNsPerSecond);
}

std::int64_t ns_from_ticks(std::int64_t ticks, std::uint32_t timescale) {
  return timescale == 0 ? 0 : scale(ticks, kNsPerSecond, timescale);
}

}  // namespace shilu

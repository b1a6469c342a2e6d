#include <cmath>
#include <numbers>

#include "tests/demo/sources.h"

namespace shilu::demo {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSampleRate = 48'000;

// 1 kHz for the first 100 ms of every second second.
std::int16_t beep(std::int64_t since_mark_ns) {
  if (since_mark_ns >= kSecond / 10) return 0;
  const double seconds = static_cast<double>(since_mark_ns) / kSecond;
  return static_cast<std::int16_t>(20'000 * std::sin(2 * std::numbers::pi * 1000 * seconds));
}

}  // namespace

Sound beeps(const Studio& studio) {
  return [&studio](std::int64_t first, std::size_t count, std::int16_t* into) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t media_ns =
          (first + static_cast<std::int64_t>(i)) * (kSecond / 1000) / (kSampleRate / 1000);
      into[i] = beep(since_mark(true_time(studio, media_ns)));
    }
  };
}

}  // namespace shilu::demo

#pragma once
// What reading a media file may cost. Files may come from anywhere: a job that runs into a limit says so and
// ends.

#include <cstddef>
#include <stop_token>

#include "firmware/base/clock.h"

namespace shilu::media {

struct MediaLimits {
  Nanoseconds time = std::chrono::minutes(10);  // of the whole job: kTimedOut
  std::stop_token stop;                         // kCancelled
};

// Not limits but lies: what no file of a lesson has.
inline constexpr int kMaxStreams = 16;
inline constexpr std::int64_t kMaxPixels = 7680LL * 4320;
inline constexpr int kMaxSampleRate = 192'000;
inline constexpr int kMaxChannels = 8;
inline constexpr std::size_t kMaxUnit = 32u << 20;  // bytes of one picture

}  // namespace shilu::media

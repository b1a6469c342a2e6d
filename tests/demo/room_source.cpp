#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>

#include "tests/demo/footage.h"
#include "tests/demo/sources.h"

namespace shilu::demo {
namespace {

constexpr std::size_t kShotFrames = 75;  // the file repeats a shot of 3 s
constexpr std::int64_t kSampleRate = 48'000;

// 1 kHz for the first 100 ms of every second second.
std::int16_t beep(std::int64_t sample) {
  const std::int64_t phase = sample % (2 * kSampleRate);
  if (phase >= kSampleRate / 10) return 0;
  return static_cast<std::int16_t>(20'000 * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(phase) / kSampleRate));
}

}  // namespace

FeedSource room_source(const std::string& footage_file, const Studio& studio) {
  const auto footage = std::make_shared<Footage>(load_footage(footage_file, kShotFrames));
  FeedSource source;
  source.name = "room";
  source.frames_per_second = 25;
  source.draw = [footage](std::uint32_t counter, Frame& into) {
    into.bytes = footage->frames[counter % footage->frames.size()].bytes;
  };
  source.sound = [footage, beeps = studio.sync_marks](std::int64_t first, std::size_t count, std::int16_t* into) {
    const auto length = static_cast<std::int64_t>(footage->samples.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t sample = first + static_cast<std::int64_t>(i);
      into[i] = beeps ? beep(sample) : footage->samples[static_cast<std::size_t>(sample % length)];
    }
  };
  return source;
}

}  // namespace shilu::demo

#include <memory>

#include "tests/demo/footage.h"
#include "tests/demo/sources.h"

namespace shilu::demo {
namespace {

constexpr std::size_t kShotFrames = 75;  // the file repeats a shot of 3 s

}  // namespace

FeedSource room_source(const std::string& footage_file, const Studio& studio) {
  const auto footage = std::make_shared<Footage>(load_footage(footage_file, kShotFrames));
  FeedSource source;
  source.name = "room";
  source.frames_per_second = 25;
  source.draw = [footage](std::uint32_t counter, Frame& into) {
    into.bytes = footage->frames[counter % footage->frames.size()].bytes;
  };
  source.sound = [footage](std::int64_t first, std::size_t count, std::int16_t* into) {
    const auto length = static_cast<std::int64_t>(footage->samples.size());
    for (std::size_t i = 0; i < count; ++i) {
      into[i] = footage->samples[static_cast<std::size_t>((first + static_cast<std::int64_t>(i)) % length)];
    }
  };
  if (studio.sync_marks) source.sound = beeps(studio);
  return source;
}

}  // namespace shilu::demo

#include <algorithm>

#include "tests/demo/sources.h"

namespace shilu::demo {
namespace {

constexpr int kWidth = 512, kHeight = 288;  // the counter is 512 wide

// A gray step wedge and a bar that moves on by 8 pixels a frame.
void draw(std::uint32_t counter, Frame& into) {
  for (int step = 0; step < 8; ++step)
    fill(into, step * 64, 0, 64, kHeight, static_cast<std::uint8_t>(60 + 12 * step));
  fill(into, static_cast<int>(counter * 8 % kWidth), 120, 24, 80, 200);
}

}  // namespace

FeedSource card_source(const Studio& studio) {
  FeedSource source;
  source.name = "card";
  source.width = kWidth;
  source.height = kHeight;
  source.kilobits_per_second = 400;
  source.draw = draw;
  source.sound = beeps(studio);
  return source;
}

FeedSource desk_source() {
  FeedSource source;
  source.name = "desk";
  source.width = kWidth;
  source.height = kHeight;
  source.frames_per_second = 15;
  source.kilobits_per_second = 300;
  source.draw = draw;
  return source;
}

FeedSource voice_source(const Studio& studio) {
  FeedSource source;
  source.name = "voice";
  source.sound = beeps(studio);
  return source;
}

}  // namespace shilu::demo

#pragma once
// The classroom footage, decoded once: the shot that the file repeats, and all of its sound.

#include <string>
#include <vector>

#include "tests/demo/frame.h"

namespace shilu::demo {

struct Footage {
  std::vector<Frame> frames;          // 1280x720
  std::vector<std::int16_t> samples;  // 48 kHz, mono
};

// The first `frame_count` pictures of the file and its whole sound. Ends the program with a sentence if it
// cannot be read.
Footage load_footage(const std::string& file, std::size_t frame_count);

}  // namespace shilu::demo

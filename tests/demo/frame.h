#pragma once
// An I420 picture in memory, and the counter strip that tests read off it.
//
// Strip: 32 blocks of 16x16 pixels along the top edge, from the left: 24 bits of the counter, most
// significant first, then 8 bits of check = the xor of the counter's three bytes and 0xA5. White (luma 235)
// is one, black (16) is zero.

#include <cstdint>
#include <vector>

namespace shilu::demo {

struct Frame {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bytes;  // Y, then U, then V; width and height even

  Frame() = default;
  Frame(int w, int h);
  std::uint8_t* luma() { return bytes.data(); }
  std::uint8_t* chroma() {
    return bytes.data() + static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

// Gray rectangle, clipped to the picture.
void fill(Frame& frame, int x, int y, int width, int height, std::uint8_t luma);
void draw_counter(Frame& frame, std::uint32_t counter);
// From 32-bit XRGB as cairo has it (BT.601, limited range).
Frame from_xrgb(const std::uint8_t* pixels, int stride, int width, int height);

}  // namespace shilu::demo

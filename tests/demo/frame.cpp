#include "tests/demo/frame.h"

#include <algorithm>
#include <cstring>

namespace shilu::demo {
namespace {

constexpr int kBlock = 16;
constexpr std::uint8_t kBlack = 16, kWhite = 235, kNeutral = 128;

std::uint8_t clamp8(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

}  // namespace

Frame::Frame(int w, int h)
    : width(w),
      height(h),
      bytes(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * 3 / 2, kNeutral) {
  std::fill_n(bytes.begin(), static_cast<std::size_t>(w) * static_cast<std::size_t>(h), kBlack);
}

void fill(Frame& frame, int x, int y, int width, int height, std::uint8_t luma) {
  const int left = std::clamp(x, 0, frame.width), right = std::clamp(x + width, 0, frame.width);
  const int top = std::clamp(y, 0, frame.height), bottom = std::clamp(y + height, 0, frame.height);
  if (right <= left) return;
  const auto size = static_cast<std::size_t>(right - left);
  for (int row = top; row < bottom; ++row) std::memset(frame.luma() + row * frame.width + left, luma, size);
  const auto plane = static_cast<std::ptrdiff_t>(frame.width / 2) * (frame.height / 2);
  for (int row = top / 2; row < (bottom + 1) / 2; ++row) {
    std::uint8_t* u = frame.chroma() + row * (frame.width / 2) + left / 2;
    std::memset(u, kNeutral, size / 2);
    std::memset(u + plane, kNeutral, size / 2);
  }
}

void draw_counter(Frame& frame, std::uint32_t counter) {
  const std::uint32_t check = ((counter >> 16) ^ (counter >> 8) ^ counter ^ 0xA5) & 0xFF;
  const std::uint32_t word = (counter & 0xFF'FFFF) << 8 | check;
  for (int bit = 0; bit < 32; ++bit) {
    fill(frame, bit * kBlock, 0, kBlock, kBlock, (word >> (31 - bit) & 1) != 0 ? kWhite : kBlack);
  }
}

Frame from_xrgb(const std::uint8_t* pixels, int stride, int width, int height) {
  Frame frame(width, height);
  const auto plane = static_cast<std::ptrdiff_t>(width / 2) * (height / 2);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* p = pixels + static_cast<std::ptrdiff_t>(y) * stride + x * 4;
      const int b = p[0], g = p[1], r = p[2];
      frame.luma()[y * width + x] = clamp8(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16);
      if (y % 2 != 0 || x % 2 != 0) continue;
      std::uint8_t* u = frame.chroma() + (y / 2) * (width / 2) + x / 2;
      u[0] = clamp8(((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128);
      u[plane] = clamp8(((112 * r - 94 * g - 18 * b + 128) >> 8) + 128);
    }
  }
  return frame;
}

}  // namespace shilu::demo

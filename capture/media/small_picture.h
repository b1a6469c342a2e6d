#pragma once
// A picture made so small that comparing two of them costs nothing.

#include <array>
#include <cstddef>
#include <cstdint>

namespace shilu::media {

struct SmallPicture {
  static constexpr int kWidth = 160;
  static constexpr int kHeight = 90;
  // Rows of the luma, each pixel the mean of the picture's area below it. 0 is black, 255 white.
  std::array<std::uint8_t, std::size_t{kWidth} * kHeight> luma{};

  double mean() const;
};

struct PictureDifference {
  double mean = 0;  // of the absolute differences
  int largest = 0;
};
PictureDifference difference(const SmallPicture& left, const SmallPicture& right);

inline constexpr double kBlackLuma = 24;  // a mean below it is a black picture

}  // namespace shilu::media

#pragma once
// Whether the picture of a file was black or stood still, from its key pictures alone (one a second): a hint
// for people, at a twentieth of the cost of decoding everything.

#include <filesystem>
#include <vector>

#include "capture/media/media_limits.h"
#include "capture/media/small_picture.h"
#include "firmware/base/result.h"

namespace shilu::media {

struct PictureSpan {
  Nanoseconds from{0};  // presentation times of key pictures: the truth lies up to one GOP around them
  Nanoseconds to{0};
};

struct PictureSummary {
  std::uint64_t key_pictures = 0;
  std::vector<PictureSpan> black;   // two or more key pictures in a row with a mean luma below kBlackLuma
  std::vector<PictureSpan> frozen;  // ... that differ by less than kFrozenDifference; a still board is normal
};

inline constexpr double kFrozenDifference =
    0.4;  // mean of the absolute differences, camera noise is above it

// Of the file's best picture stream. kNotFound: it has none; else the errors of probe().
Result<PictureSummary> summarise_pictures(const std::filesystem::path& file, const MediaLimits& limits = {});

}  // namespace shilu::media

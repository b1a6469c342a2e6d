#pragma once
// A small JPEG of a picture of a fragment or of a film.

#include <filesystem>

#include "capture/media/media_limits.h"
#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu::media {

inline constexpr int kMaxThumbnailWidth = 1920;

// `movie`: ftyp + moov of a track and one fragment that begins with a key picture (docs/ref/fragments.md).
// `width` in pixels, even, 16 to kMaxThumbnailWidth; the height follows the picture. kCorrupted when nothing
// can be decoded. Thread-safe; needs about one picture of memory.
Result<Bytes> thumbnail(ByteView movie, int width);

// Of the picture shown at `at` from the film's start (of the last one, past the end). Besides: the errors of
// probe().
Result<Bytes> thumbnail(const std::filesystem::path& file, Nanoseconds at, int width,
                        const MediaLimits& limits = {.time = std::chrono::seconds(20), .stop = {}});

}  // namespace shilu::media

#pragma once
// A small JPEG of the first picture of a fragment.

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu::media {

inline constexpr int kMaxThumbnailWidth = 1920;

// `movie`: ftyp + moov of a track and one fragment that begins with a key picture (docs/ref/fragments.md).
// `width` in pixels, even, 16 to kMaxThumbnailWidth; the height follows the picture. kCorrupted when nothing
// can be decoded. Thread-safe; needs about one picture of memory.
Result<Bytes> thumbnail(ByteView movie, int width);

}  // namespace shilu::media

#pragma once
// Decoded pictures made small. Inside this module only.

#include "capture/media/av_owner.h"
#include "capture/media/small_picture.h"
#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu::media {

// kCorrupted: an impossible size; kInternal: a format that cannot be scaled.
Result<SmallPicture> small_of(const AVFrame& picture);
// `width` pixels wide; the height follows the picture.
Result<Bytes> jpeg_of(const AVFrame& picture, int width);

}  // namespace shilu::media

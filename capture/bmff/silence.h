#pragma once
// The frame of silence that stands in a movie where sound has a hole. Inside this module only.

#include "firmware/base/bytes.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

inline constexpr std::int64_t kSilentFrameTicks = 1024;

// One AAC frame that decodes to silence, for AAC-LC in mono or stereo with 1024 samples a frame; empty for
// anything else.
ByteView silent_frame(const CodecParameters& parameters);

// Whether the bytes are one or more of the same of those frames and nothing else.
bool is_silence(ByteView bytes);

}  // namespace shilu::bmff

#pragma once
// One coded sample (access unit) of a track, as it goes into a fragment.

#include <cstdint>

#include "firmware/base/bytes.h"

namespace shilu::bmff {

struct Sample {
  ByteView data;                         // video: NAL units with 4-byte lengths; audio: one raw AAC frame
  std::int64_t decode_ticks = 0;         // lesson time in ticks; may be negative
  std::uint32_t duration = 0;            // ticks
  std::uint32_t composition_offset = 0;  // presentation = decode + offset
  bool sync = false;
};

}  // namespace shilu::bmff

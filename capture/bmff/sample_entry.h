#pragma once
// What decoders are told before the first sample: avc1+avcC, hvc1+hvcC, mp4a+esds. Inside this module only.

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

inline bool is_video(const CodecParameters& parameters) {
  return parameters.codec != Codec::kAac;
}

// kInvalidArgument with a sentence when the parameters cannot be written as docs/ref/fragments.md wants them.
Status check_parameters(const CodecParameters& parameters);

void put_sample_entry(Bytes& out, const CodecParameters& parameters);

// From an stsd box's body. Reads leniently: parse_track_header compares with what we would have written.
Result<CodecParameters> read_sample_entry(ByteView stsd, std::uint32_t timescale);

}  // namespace shilu::bmff

#pragma once
// Builds the bytes of a track file: its header and its fragments. Pure functions of their input.
// docs/ref/fragments.md.

#include <span>

#include "capture/bmff/sample.h"
#include "firmware/base/digest.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

// ftyp + moov of a track file.
Result<Bytes> track_header(const CodecParameters& parameters);

// Reads back what track_header wrote (also after a restart): kCorrupted for anything else.
Result<CodecParameters> parse_track_header(ByteView header);

struct BuiltFragment {
  Bytes bytes;                     // moof + mdat
  std::size_t payload_offset = 0;  // of the mdat's payload in `bytes`
};

// `sequence` counts from 0; samples are in decode order, at least one; total below 2 GiB.
BuiltFragment build_fragment(const CodecParameters& parameters, std::uint32_t sequence,
                             std::span<const Sample> samples);

}  // namespace shilu::bmff

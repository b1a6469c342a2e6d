#pragma once
// Reads a fragment's moof. Bytes may be hostile: sizes and counts are checked against what is there, and only
// the one shape that fragment_writer.h makes is accepted.

#include <optional>
#include <vector>

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

struct SampleEntry {
  std::uint32_t size = 0;
  std::uint32_t duration = 0;
  std::uint32_t composition_offset = 0;
  bool sync = false;
};

struct FragmentIndex {
  std::uint32_t sequence = 0;        // from 0
  std::int64_t decode_ticks = 0;     // lesson time in ticks (tfdt - 120 s)
  std::uint64_t total_size = 0;      // moof + mdat
  std::uint64_t payload_offset = 0;  // of the mdat's payload from the moof's first byte
  std::uint64_t payload_size = 0;
  std::vector<SampleEntry> samples;

  std::uint64_t duration_ticks() const;
};

// Bytes of moof and mdat header of a fragment with that many samples: what parse_fragment needs to be given.
std::uint64_t fragment_head_size(MediaKind kind, std::uint32_t samples);

// The fragment that starts at bytes[0]. `bytes` must hold the moof and the mdat's header; the payload need
// not be there when `known_size` (the size of the whole fragment, from the journal) is given, else it must.
Result<FragmentIndex> parse_fragment(ByteView bytes, std::uint32_t timescale,
                                     std::optional<std::uint64_t> known_size = std::nullopt);

}  // namespace shilu::bmff

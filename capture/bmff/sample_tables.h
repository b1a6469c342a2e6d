#pragma once
// The tables of a progressive track (stts, ctts, stsc, stsz, stss, stco or co64) and its edit list. Inside
// this module only.

#include <vector>

#include "capture/bmff/listing.h"

namespace shilu::bmff {

struct Edit {
  std::uint32_t duration_ms = 0;
  std::int64_t media_time = -1;  // -1: nothing is there
};

struct SampleTables {
  struct Run {
    std::uint32_t count = 0;
    std::uint32_t value = 0;
  };
  struct Chunk {
    bool silent = false;
    std::size_t part = 0;      // index in MovieTrack::fragments or, if silent, in `silences`
    std::uint64_t offset = 0;  // of its first listed sample from the part's first byte
    std::uint32_t samples = 0;
  };
  // Silent frames in a row, in a box of their own among the fragments.
  struct Silence {
    std::int64_t start = 0;  // decode time of the first
    std::uint32_t frames = 0;
  };
  std::vector<Run> durations;
  std::vector<Run> composition_offsets;  // empty when all are 0
  std::vector<std::uint32_t> sizes;
  std::vector<std::uint32_t> sync_samples;  // numbers from 1
  std::vector<Chunk> chunks;
  std::vector<Silence> silences;
  std::vector<Edit> edits;
  std::uint64_t media_duration = 0;
  std::uint32_t duration_ms = 0;  // sum of the edits

  std::uint64_t size_bytes() const;  // in the movie's header, but for the boxes around them
};

// What shows before a picture that comes later than `in` (sound is preceded by silence).
enum class LateStart {
  kEmptyEdit,
  kHoldFirst,  // the first picture, from `in` on
};

// kInvalidArgument: nothing to show, decode times that do not rise, a range too long for the tables.
// `max_bytes` bounds what the tables and the silence may take.
Result<SampleTables> make_tables(const MovieTrack& track, TimeRange range, LateStart late_start,
                                 std::uint64_t max_bytes);

enum class OffsetWidth { k32, k64 };

// stts .. stco; `chunk_offsets` is parallel to tables.chunks.
void put_tables(Bytes& out, const SampleTables& tables, bool video,
                const std::vector<std::uint64_t>& chunk_offsets, OffsetWidth width);
void put_edits(Bytes& out, const std::vector<Edit>& edits);

}  // namespace shilu::bmff

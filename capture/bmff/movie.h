#pragma once
// The progressive MP4 in front of untouched fragments: playback, export and clips are the same thing with
// another range. The header is a pure function of its input (docs/ref/fragments.md, "Virtual progressive
// MP4"), so that a verifier can rebuild it. Multi-gigabyte movies: only tables are held in memory, never
// media.

#include <functional>
#include <span>
#include <vector>

#include "capture/bmff/fragment_reader.h"
#include "firmware/lesson/lesson_time.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

struct MovieFragment {
  FragmentIndex index;
  std::uint32_t source = 0;         // caller's: which file; carried through to the extents
  std::uint64_t source_offset = 0;  // of the moof in that file
};

struct MovieTrack {
  std::uint16_t number = 0;  // the journal's track number: order of interleaving and track_ID - 1
  CodecParameters parameters;
  std::vector<MovieFragment> fragments;  // by decode time
};

// Bytes of the movie behind the header: extent after extent, in order. Those of kFillSource stand in
// Movie::fill, all others in a file of the caller's. Fill is silence for holes in the sound: `free` boxes of
// AAC frames (fragments.md).
inline constexpr std::uint32_t kFillSource = 0xffffffff;
struct Extent {
  std::uint32_t source = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct Movie {
  Bytes header;  // ftyp, moov and the mdat's 16-byte header
  Bytes fill;
  std::vector<Extent> extents;
  std::uint64_t size_bytes = 0;
  Nanoseconds duration{0};
};

// Keeps of `fragments` those that a clip of `range` needs (see fragments.md): for video from the last
// fragment that begins with a sync sample at or before range.from, for both until range.to.
std::vector<MovieFragment> select_fragments(const std::vector<MovieFragment>& fragments,
                                            const CodecParameters& parameters, TimeRange range);

// `range` in whole milliseconds of lesson time; tracks already hold only what select_fragments kept.
// kInvalidArgument: empty range, no track, no sample inside the range.
Result<Movie> build_movie(std::span<const MovieTrack> tracks, TimeRange range);

// What a verifier reads from a clip file: the header's bytes and the fragments found in the mdat, in order.
// Bounded by the file's size; kCorrupted with place and reason otherwise. `read` gives bytes of the file.
using ReadAt = std::function<Result<Bytes>(std::uint64_t offset, std::size_t size)>;
struct ClipLayout {
  std::uint64_t header_size = 0;
  struct Part {
    std::uint64_t offset = 0;  // in the clip file
    std::uint64_t size = 0;
  };
  std::vector<Part> fragments;
};
Result<ClipLayout> parse_clip_layout(const ReadAt& read, std::uint64_t file_size);

}  // namespace shilu::bmff

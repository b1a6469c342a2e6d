#pragma once
// The boxes of a moov that track files and progressive movies have in common. Inside this module only.

#include <functional>

#include "firmware/base/bytes.h"
#include "firmware/lesson/track.h"

namespace shilu::bmff {

inline constexpr std::uint32_t kMovieTimescale = 1000;

void put_ftyp(Bytes& out, std::string_view major, std::initializer_list<std::string_view> compatible);
void put_mvhd(Bytes& out, std::uint32_t duration_ms, std::uint32_t next_track);

struct TrackHeader {
  std::uint32_t id = 1;
  std::uint32_t duration_ms = 0;
  std::uint64_t media_duration = 0;  // ticks
};

// trak: tkhd, what `edits` puts, mdia with `tables` behind the stsd.
void put_trak(Bytes& out, const CodecParameters& parameters, const TrackHeader& header,
              const std::function<void()>& edits, const std::function<void()>& tables);

}  // namespace shilu::bmff

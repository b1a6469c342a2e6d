#pragma once
// Which samples of a track a movie lists and which stretch of them it shows. Inside this module only.

#include <optional>
#include <span>

#include "capture/bmff/movie.h"

namespace shilu::bmff {

// A range of lesson time in the ticks of one track.
struct TickRange {
  std::int64_t in = 0;
  std::int64_t out = 0;
};
TickRange to_ticks(TimeRange range, std::uint32_t timescale);

// One sample with its place in time. Presentation is decode time plus composition offset.
struct TimedSample {
  std::size_t fragment = 0;  // index in MovieTrack::fragments
  std::size_t sample = 0;    // index in the fragment
  std::int64_t decode = 0;
  std::int64_t presentation = 0;
  SampleEntry entry;
  std::int64_t end() const { return presentation + entry.duration; }
};

// Calls visit(TimedSample) for every sample in decode order.
template <typename Visit>
void for_each_sample(std::span<const MovieFragment> fragments, Visit&& visit) {
  for (std::size_t f = 0; f < fragments.size(); ++f) {
    const auto& index = fragments[f].index;
    auto decode = index.decode_ticks;
    for (std::size_t s = 0; s < index.samples.size(); ++s) {
      const auto& entry = index.samples[s];
      visit(TimedSample{f, s, decode, decode + entry.composition_offset, entry});
      decode += entry.duration;
    }
  }
}

// Everything by decode order, both ends listed.
struct Listing {
  TimedSample first;
  TimedSample last;
  std::int64_t shown_from = 0;  // presentation ticks of the first thing shown, at or after `in`
  std::int64_t shown_to = 0;    // its end, at most `out`
  std::int64_t last_shown = 0;  // presentation of the last sample before `out`
  std::optional<std::int64_t>
      first_hidden;  // of the earliest listed sample at or after `out` (B-frames refer to it)
};

// Nothing where no sample is presented inside the range.
std::optional<Listing> list_samples(std::span<const MovieFragment> fragments, bool video, TickRange range);

}  // namespace shilu::bmff

#include "capture/bmff/listing.h"
#include "capture/bmff/sample_entry.h"

namespace shilu::bmff {
namespace {

bool begins_with_key(const MovieFragment& fragment) {
  return !fragment.index.samples.empty() && fragment.index.samples.front().sync;
}

std::int64_t first_presentation(const MovieFragment& fragment) {
  return fragment.index.decode_ticks + fragment.index.samples.front().composition_offset;
}

bool shows_anything(const std::vector<MovieFragment>& fragments, TickRange range) {
  return list_samples(fragments, true, range).has_value();
}

// A group is a fragment that begins with a key picture and those behind it that do not.
std::size_t end_of_group(const std::vector<MovieFragment>& fragments, std::size_t begin) {
  auto end = begin + 1;
  while (end < fragments.size() && !begins_with_key(fragments[end])) ++end;
  return end;
}

// The last group that begins at or before `in`; but not one that ends before it (a gap lies between), nor
// anything that no key picture opens.
std::size_t first_video_fragment(const std::vector<MovieFragment>& fragments, TickRange range) {
  std::size_t begin = 0;
  while (begin < fragments.size() && !begins_with_key(fragments[begin])) ++begin;
  while (begin < fragments.size()) {
    const auto end = end_of_group(fragments, begin);
    const bool next_is_late = end == fragments.size() || first_presentation(fragments[end]) > range.in;
    const std::vector<MovieFragment> group(fragments.begin() + static_cast<std::ptrdiff_t>(begin),
                                           fragments.begin() + static_cast<std::ptrdiff_t>(end));
    if (next_is_late && shows_anything(group, range)) return begin;
    begin = end;
  }
  return begin;
}

}  // namespace

std::vector<MovieFragment> select_fragments(const std::vector<MovieFragment>& fragments,
                                            const CodecParameters& parameters, TimeRange range) {
  const auto ticks = to_ticks(range, parameters.timescale);
  const bool video = is_video(parameters);
  std::vector<MovieFragment> kept;
  if (video) {
    kept.assign(fragments.begin() + static_cast<std::ptrdiff_t>(first_video_fragment(fragments, ticks)),
                fragments.end());
  } else {
    kept = fragments;
  }
  const auto listing = list_samples(kept, video, ticks);
  if (!listing) return {};
  kept.resize(listing->last.fragment + 1);
  kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(listing->first.fragment));
  return kept;
}

}  // namespace shilu::bmff

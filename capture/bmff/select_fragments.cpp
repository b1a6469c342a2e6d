#include "capture/bmff/listing.h"
#include "capture/bmff/movie_check.h"
#include "capture/bmff/sample_entry.h"

namespace shilu::bmff {
namespace {

bool begins_with_key(const MovieFragment& fragment) {
  return !fragment.index.samples.empty() && fragment.index.samples.front().sync;
}

std::int64_t first_presentation(const MovieFragment& fragment) {
  return fragment.index.decode_ticks + fragment.index.samples.front().composition_offset;
}

bool shows_anything(const MovieFragment& fragment, TickRange range) {
  auto decode = fragment.index.decode_ticks;
  for (const auto& sample : fragment.index.samples) {
    const auto presentation = decode + sample.composition_offset;
    if (presentation >= range.in && presentation < range.out) return true;
    decode += sample.duration;
  }
  return false;
}

// A group is a fragment that begins with a key picture and those behind it that do not. The last group that
// begins at or before `in` and shows something of the range (one that ends before it has nothing to give: a
// gap lies between); else the first that shows something.
std::size_t first_video_fragment(std::span<const MovieFragment> fragments, TickRange range) {
  const auto none = fragments.size();
  auto chosen = none;
  auto group = none;
  for (std::size_t i = 0; i < fragments.size() && fragments[i].index.decode_ticks < range.out; ++i) {
    if (begins_with_key(fragments[i])) group = i;
    if (group == none || group == chosen || !shows_anything(fragments[i], range)) continue;
    if (chosen == none || first_presentation(fragments[group]) <= range.in) chosen = group;
  }
  return chosen;
}

}  // namespace

std::span<const MovieFragment> needed_fragments(std::span<const MovieFragment> fragments,
                                                const CodecParameters& parameters, TimeRange range) {
  const auto ticks = to_ticks(range, parameters.timescale);
  const bool video = is_video(parameters);
  if (video) fragments = fragments.subspan(first_video_fragment(fragments, ticks));
  const auto listing = list_samples(fragments, video, ticks);
  if (!listing) return {};
  return fragments.subspan(listing->first.fragment, listing->last.fragment + 1 - listing->first.fragment);
}

std::vector<MovieFragment> select_fragments(const std::vector<MovieFragment>& fragments,
                                            const CodecParameters& parameters, TimeRange range) {
  const auto needed = needed_fragments(fragments, parameters, range);
  return {needed.begin(), needed.end()};
}

}  // namespace shilu::bmff

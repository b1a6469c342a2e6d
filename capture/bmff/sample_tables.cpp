#include "capture/bmff/sample_tables.h"

#include <fmt/format.h>

#include <limits>

#include "capture/bmff/moov.h"
#include "capture/bmff/sample_entry.h"

namespace shilu::bmff {
namespace {

constexpr auto kMaxU32 = std::numeric_limits<std::uint32_t>::max();

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

void extend(std::vector<SampleTables::Run>& runs, std::uint32_t value) {
  if (!runs.empty() && runs.back().value == value) {
    ++runs.back().count;
  } else {
    runs.push_back({1, value});
  }
}

bool is_before(const TimedSample& a, const TimedSample& b) {
  return a.fragment != b.fragment ? a.fragment < b.fragment : a.sample < b.sample;
}

class TableBuilder {
 public:
  explicit TableBuilder(const MovieTrack& track) : track_(track) {}

  Status add(const TimedSample& sample, std::uint64_t offset_in_fragment) {
    if (previous_) SHILU_CHECK(close_previous(sample.decode - previous_->decode));
    previous_ = sample;
    extend(tables_.composition_offsets, sample.entry.composition_offset);
    tables_.sizes.push_back(sample.entry.size);
    if (sample.entry.sync) tables_.sync_samples.push_back(static_cast<std::uint32_t>(tables_.sizes.size()));
    if (tables_.chunks.empty() || tables_.chunks.back().fragment != sample.fragment) {
      tables_.chunks.push_back({sample.fragment, offset_in_fragment, 0});
    }
    ++tables_.chunks.back().samples;
    return {};
  }

  Result<SampleTables> finish() {
    SHILU_CHECK(close_previous(previous_->entry.duration));
    const auto& offsets = tables_.composition_offsets;
    if (offsets.size() == 1 && offsets.front().value == 0) tables_.composition_offsets.clear();
    return std::move(tables_);
  }

 private:
  // A sample lasts until the next is decoded, also over a gap: so the track's time line stays true.
  Status close_previous(std::int64_t duration) {
    if (duration <= 0 || duration > kMaxU32) {
      return invalid(fmt::format("track {}: decode times do not rise behind fragment {}", track_.number,
                                 track_.fragments[previous_->fragment].index.sequence));
    }
    extend(tables_.durations, static_cast<std::uint32_t>(duration));
    tables_.media_duration += static_cast<std::uint64_t>(duration);
    return {};
  }

  const MovieTrack& track_;
  SampleTables tables_;
  std::optional<TimedSample> previous_;
};

// ticks -> ms, to nearest; `ticks` is not negative.
std::int64_t to_ms(std::int64_t ticks, std::uint32_t timescale) {
  return (ns_from_ticks(ticks, timescale) + 500'000) / 1'000'000;
}
std::int64_t to_ticks(std::int64_t ms, std::uint32_t timescale) {
  return ticks_from_ns(ms * 1'000'000, timescale);
}

// The length of the shown stretch in whole ms, to nearest, but never so that the rounding loses its last
// sample or lets one at or after `out` in.
std::int64_t shown_ms(const Listing& listing, std::uint32_t timescale) {
  auto ms = to_ms(listing.shown_to - listing.shown_from, timescale);
  if (listing.shown_from + to_ticks(ms, timescale) <= listing.last_shown) ++ms;
  if (listing.first_hidden && listing.shown_from + to_ticks(ms, timescale) > *listing.first_hidden) --ms;
  return std::max<std::int64_t>(ms, 1);
}

Status make_edits(const Listing& listing, TickRange range, std::uint32_t timescale, SampleTables& tables) {
  const auto lead = to_ms(listing.shown_from - range.in, timescale);
  const auto shown = shown_ms(listing, timescale);
  if (lead + shown > kMaxU32) return invalid("the range is longer than an edit list can tell");
  if (lead > 0) tables.edits.push_back({static_cast<std::uint32_t>(lead), -1});
  tables.edits.push_back({static_cast<std::uint32_t>(shown), listing.shown_from - listing.first.decode});
  tables.duration_ms = static_cast<std::uint32_t>(lead + shown);
  return {};
}

}  // namespace

Result<SampleTables> make_tables(const MovieTrack& track, TimeRange range) {
  const bool video = is_video(track.parameters);
  const auto ticks = to_ticks(range, track.parameters.timescale);
  const auto listing = list_samples(track.fragments, video, ticks);
  if (!listing) return invalid(fmt::format("track {} has no sample inside the range", track.number));
  if (video && !listing->first.entry.sync) {
    return invalid(fmt::format("track {} begins with a picture that needs an earlier one", track.number));
  }
  TableBuilder builder(track);
  Status status;
  std::uint64_t offset = 0;  // of the sample in its fragment
  for_each_sample(track.fragments, [&](const TimedSample& sample) {
    if (sample.sample == 0) offset = track.fragments[sample.fragment].index.payload_offset;
    const bool listed = !is_before(sample, listing->first) && !is_before(listing->last, sample);
    if (status && listed) status = builder.add(sample, offset);
    offset += sample.entry.size;
  });
  SHILU_CHECK(status);
  SHILU_TRY(auto tables, builder.finish());
  SHILU_CHECK(make_edits(*listing, ticks, track.parameters.timescale, tables));
  return tables;
}

}  // namespace shilu::bmff

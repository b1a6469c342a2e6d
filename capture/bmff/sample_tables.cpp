#include "capture/bmff/sample_tables.h"

#include <fmt/format.h>

#include <limits>

#include "capture/bmff/boxes.h"
#include "capture/bmff/moov.h"
#include "capture/bmff/sample_entry.h"
#include "capture/bmff/silence.h"

namespace shilu::bmff {
namespace {

constexpr auto kMaxU32 = std::numeric_limits<std::uint32_t>::max();

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

void extend(std::vector<SampleTables::Run>& runs, std::uint32_t value, std::uint32_t count = 1) {
  if (count == 0) return;
  if (!runs.empty() && runs.back().value == value) {
    runs.back().count += count;
  } else {
    runs.push_back({count, value});
  }
}

bool is_before(const TimedSample& a, const TimedSample& b) {
  return a.fragment != b.fragment ? a.fragment < b.fragment : a.sample < b.sample;
}

class TableBuilder {
 public:
  TableBuilder(const MovieTrack& track, std::uint64_t max_bytes)
      : track_(track), silence_(silent_frame(track.parameters)), max_bytes_(max_bytes) {}

  bool knows_silence() const { return !silence_.empty(); }

  Status add(const TimedSample& sample, std::uint64_t offset_in_fragment) {
    if (previous_) SHILU_CHECK(reach(sample.decode));
    previous_ = sample;
    extend(tables_.composition_offsets, sample.entry.composition_offset);
    tables_.sizes.push_back(sample.entry.size);
    if (sample.entry.sync) tables_.sync_samples.push_back(static_cast<std::uint32_t>(tables_.sizes.size()));
    if (is_new_chunk(sample.fragment))
      tables_.chunks.push_back({false, sample.fragment, offset_in_fragment, 0});
    ++tables_.chunks.back().samples;
    return check_size();
  }

  // `frames` of silence from `start` on, the last of which lasts `last_ticks`.
  Status add_silence(std::int64_t start, std::int64_t frames, std::int64_t last_ticks) {
    if (frames > static_cast<std::int64_t>(max_bytes_ / silence_.size())) return too_large();
    silent_bytes_ += static_cast<std::uint64_t>(frames) * silence_.size();
    const auto count = static_cast<std::uint32_t>(frames);
    extend(tables_.durations, static_cast<std::uint32_t>(kSilentFrameTicks), count - 1);
    extend(tables_.durations, static_cast<std::uint32_t>(last_ticks));
    extend(tables_.composition_offsets, 0, count);
    tables_.sizes.insert(tables_.sizes.end(), count, static_cast<std::uint32_t>(silence_.size()));
    tables_.chunks.push_back({true, tables_.silences.size(), kBoxHeaderSize, count});
    tables_.silences.push_back({start, count});
    tables_.media_duration += static_cast<std::uint64_t>((frames - 1) * kSilentFrameTicks + last_ticks);
    return check_size();
  }

  // The first sample begins that much earlier.
  void begin_earlier(std::int64_t ticks) { lead_ = ticks; }

  Result<SampleTables> finish() {
    SHILU_CHECK(close_previous(previous_->entry.duration));
    const auto& offsets = tables_.composition_offsets;
    if (offsets.size() == 1 && offsets.front().value == 0) tables_.composition_offsets.clear();
    return std::move(tables_);
  }

 private:
  bool is_new_chunk(std::size_t fragment) const {
    return tables_.chunks.empty() || tables_.chunks.back().silent || tables_.chunks.back().part != fragment;
  }

  // From the previous sample to one decoded at `next`. A hole in sound is filled with silence, for players
  // that count samples instead of reading times. Anything else is bridged by the previous sample: the time
  // line stays true.
  Status reach(std::int64_t next) {
    const auto step = next - previous_->decode;
    const auto hole = step - kSilentFrameTicks;
    const bool usual = previous_->entry.duration == kSilentFrameTicks;
    const auto frames = (hole + kSilentFrameTicks / 2) / kSilentFrameTicks;
    if (!knows_silence() || !usual || hole < 0 || frames == 0) return close_previous(step);
    SHILU_CHECK(close_previous(kSilentFrameTicks));
    return add_silence(next - hole, frames, hole - (frames - 1) * kSilentFrameTicks);
  }

  Status check_size() const {
    if (tables_.size_bytes() + silent_bytes_ > max_bytes_) return too_large();
    return {};
  }
  tl::unexpected<Error> too_large() const {
    return invalid(
        fmt::format("the tables or the silence of track {} are larger than may be", track_.number));
  }

  Status close_previous(std::int64_t duration) {
    duration += std::exchange(lead_, 0);
    if (duration <= 0 || duration > kMaxU32) {
      return invalid(fmt::format("track {}: decode times do not rise behind fragment {}", track_.number,
                                 track_.fragments[previous_->fragment].index.sequence));
    }
    extend(tables_.durations, static_cast<std::uint32_t>(duration));
    tables_.media_duration += static_cast<std::uint64_t>(duration);
    return {};
  }

  const MovieTrack& track_;
  ByteView silence_;
  std::uint64_t max_bytes_;
  std::uint64_t silent_bytes_ = 0;
  SampleTables tables_;
  std::optional<TimedSample> previous_;
  std::int64_t lead_ = 0;
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

// `media_start`: presentation ticks of media time 0.
Status make_edits(const Listing& listing, std::int64_t media_start, TickRange range, std::uint32_t timescale,
                  SampleTables& tables) {
  const auto lead = to_ms(listing.shown_from - range.in, timescale);
  const auto shown = shown_ms(listing, timescale);
  if (lead + shown > kMaxU32) return invalid("the range is longer than an edit list can tell");
  if (lead > 0) tables.edits.push_back({static_cast<std::uint32_t>(lead), -1});
  tables.edits.push_back({static_cast<std::uint32_t>(shown), listing.shown_from - media_start});
  tables.duration_ms = static_cast<std::uint32_t>(lead + shown);
  return {};
}

// Sound that begins late is preceded by whole frames of silence, and the edit list begins inside the first of
// them: exact to the sample. Gives the decode time of the first sample.
Result<std::int64_t> begin_with_silence(TableBuilder& builder, Listing& listing, TickRange range) {
  const auto hole = listing.shown_from - range.in;
  if (!builder.knows_silence() || hole <= 0) return listing.first.decode;
  const auto frames = (hole + kSilentFrameTicks - 1) / kSilentFrameTicks;
  const auto start = listing.first.decode - frames * kSilentFrameTicks;
  SHILU_CHECK(builder.add_silence(start, frames, kSilentFrameTicks));
  listing.shown_from = range.in;
  return start;
}

// The same for pictures: the first stands from the in-point on. Only where none is listed before it.
Result<std::int64_t> begin_with_held_picture(TableBuilder& builder, Listing& listing, TickRange range) {
  const auto lead = listing.first.presentation - range.in;
  if (lead <= 0) return listing.first.decode;
  builder.begin_earlier(lead);
  listing.shown_from = range.in;
  return listing.first.decode - lead;
}

}  // namespace

std::uint64_t SampleTables::size_bytes() const {
  return 8 * (durations.size() + composition_offsets.size()) + 4 * (sizes.size() + sync_samples.size()) +
         20 * chunks.size();
}

Result<SampleTables> make_tables(const MovieTrack& track, TimeRange range, LateStart late_start,
                                 std::uint64_t max_bytes) {
  const bool video = is_video(track.parameters);
  const auto ticks = to_ticks(range, track.parameters.timescale);
  auto listing = list_samples(track.fragments, video, ticks);
  if (!listing) return invalid(fmt::format("track {} has no sample inside the range", track.number));
  if (video && !listing->first.entry.sync) {
    return invalid(fmt::format("track {} begins with a picture that needs an earlier one", track.number));
  }
  TableBuilder builder(track, max_bytes);
  SHILU_TRY(const auto media_start, video&& late_start == LateStart::kHoldFirst
                                        ? begin_with_held_picture(builder, *listing, ticks)
                                        : begin_with_silence(builder, *listing, ticks));
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
  SHILU_CHECK(make_edits(*listing, media_start, ticks, track.parameters.timescale, tables));
  return tables;
}

}  // namespace shilu::bmff

#include "capture/bmff/movie_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "capture/bmff/boxes.h"
#include "capture/bmff/moov.h"
#include "capture/bmff/sample_entry.h"
#include "capture/bmff/sample_tables.h"
#include "capture/bmff/silence.h"

namespace shilu::bmff {
namespace {

__extension__ typedef __int128 Int128;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kWideBoxHeader = 16;
constexpr std::uint64_t kMaxTables = 256u << 20;  // a day of many small pictures, of sound and of silence
// Bounds what silence a stranger's times can make us write.
constexpr Nanoseconds kLongestMovie = std::chrono::hours(24);

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

struct TablesOfTrack {
  const MovieTrack* track = nullptr;
  SampleTables tables;
  // From the mdat's payload:
  std::vector<std::uint64_t> fragment_offsets;
  std::vector<std::uint64_t> silence_offsets;
};

// What stands in the mdat: a fragment, or a box of silence.
struct Part {
  TablesOfTrack* owner = nullptr;
  bool silent = false;
  std::size_t index = 0;
  std::int64_t ticks = 0;

  std::uint32_t timescale() const { return owner->track->parameters.timescale; }
};

// Both times as exact fractions of a second: rounding could make an order that another implementation does
// not see.
bool is_earlier(const Part& a, const Part& b) {
  return static_cast<Int128>(a.ticks) * b.timescale() < static_cast<Int128>(b.ticks) * a.timescale();
}

std::vector<Part> parts_in_order(std::vector<TablesOfTrack>& tracks) {
  std::vector<Part> parts;
  for (auto& one : tracks) {
    const auto& fragments = one.track->fragments;
    for (std::size_t i = 0; i < fragments.size(); ++i)
      parts.push_back({&one, false, i, fragments[i].index.decode_ticks});
    const auto& silences = one.tables.silences;
    for (std::size_t i = 0; i < silences.size(); ++i) parts.push_back({&one, true, i, silences[i].start});
  }
  // Stable, and the tracks stand by number: equal times keep that order.
  std::stable_sort(parts.begin(), parts.end(), is_earlier);
  return parts;
}

Extent put_silence(const Part& part, Bytes& fill) {
  const auto start = fill.size();
  const auto frame = silent_frame(part.owner->track->parameters);
  put_box(fill, "free", [&] {
    for (std::uint32_t i = 0; i < part.owner->tables.silences[part.index].frames; ++i) put_bytes(fill, frame);
  });
  return {kFillSource, start, fill.size() - start};
}

Extent extent_of(const Part& part, Bytes& fill) {
  if (part.silent) return put_silence(part, fill);
  const auto& fragment = part.owner->track->fragments[part.index];
  return {fragment.source, fragment.source_offset, fragment.index.total_size};
}

// Lays the parts one behind the other; gives the size of all.
std::uint64_t place_parts(std::vector<TablesOfTrack>& tracks, Movie& movie) {
  for (auto& one : tracks) {
    one.fragment_offsets.resize(one.track->fragments.size());
    one.silence_offsets.resize(one.tables.silences.size());
  }
  std::uint64_t position = 0;
  for (const auto& part : parts_in_order(tracks)) {
    auto& offsets = part.silent ? part.owner->silence_offsets : part.owner->fragment_offsets;
    offsets[part.index] = position;
    movie.extents.push_back(extent_of(part, movie.fill));
    position += movie.extents.back().size;
  }
  return position;
}

std::vector<std::uint64_t> chunk_offsets(const TablesOfTrack& one, std::uint64_t payload_start) {
  std::vector<std::uint64_t> offsets;
  offsets.reserve(one.tables.chunks.size());
  for (const auto& chunk : one.tables.chunks) {
    const auto& parts = chunk.silent ? one.silence_offsets : one.fragment_offsets;
    offsets.push_back(payload_start + parts[chunk.part] + chunk.offset);
  }
  return offsets;
}

void put_movie_trak(Bytes& out, const TablesOfTrack& one, std::uint64_t payload_start, OffsetWidth width) {
  const auto& parameters = one.track->parameters;
  const TrackHeader header{one.track->number + 1u, one.tables.duration_ms, one.tables.media_duration};
  put_trak(
      out, parameters, header, [&] { put_edits(out, one.tables.edits); },
      [&] { put_tables(out, one.tables, is_video(parameters), chunk_offsets(one, payload_start), width); });
}

std::uint32_t duration_ms(const std::vector<TablesOfTrack>& tracks) {
  std::uint32_t longest = 0;
  for (const auto& one : tracks) longest = std::max(longest, one.tables.duration_ms);
  return longest;
}

Bytes make_header(const std::vector<TablesOfTrack>& tracks, std::uint64_t payload_size,
                  std::uint64_t payload_start, OffsetWidth width) {
  constexpr std::size_t kBoxesOfTrack = 1024;
  std::size_t room = kBoxesOfTrack;
  for (const auto& one : tracks)
    room += one.tables.size_bytes() + kBoxesOfTrack + one.track->parameters.configuration.size();
  Bytes out;
  out.reserve(room);
  put_ftyp(out, "isom", {"isom", "iso6", "mp41"});
  put_box(out, "moov", [&] {
    put_mvhd(out, duration_ms(tracks), tracks.back().track->number + 2u);
    for (const auto& one : tracks) put_movie_trak(out, one, payload_start, width);
  });
  put_u32(out, 1);  // the size follows in 64 bits
  put_type(out, "mdat");
  put_u64(out, kWideBoxHeader + payload_size);
  return out;
}

// The offsets inside depend on the header's own size, and that only on the width of the offsets.
Bytes make_header(const std::vector<TablesOfTrack>& tracks, std::uint64_t payload_size) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();
  auto width = OffsetWidth::k32;
  auto size = make_header(tracks, payload_size, 0, width).size();
  if (size + payload_size > kLargest) {
    width = OffsetWidth::k64;
    size = make_header(tracks, payload_size, 0, width).size();
  }
  return make_header(tracks, payload_size, size, width);
}

Status check_range(TimeRange range) {
  if (range.empty()) return invalid("the range is empty");
  if (range.duration() > kLongestMovie) return invalid("the range is longer than a day");
  if (range.from.ns % kNsPerMs != 0 || range.to.ns % kNsPerMs != 0)
    return invalid("the range is not in whole milliseconds");
  return {};
}

// Players take the earliest thing shown for the beginning of the movie and cut its end by as much (measured:
// Chromium). So something must begin at `in`: where no sound does, the first picture is held.
Status begin_at_once(std::vector<TablesOfTrack>& tracks, TimeRange range, std::uint64_t max_bytes) {
  const auto begins_late = [](const TablesOfTrack& one) { return one.tables.edits.front().media_time < 0; };
  if (!std::all_of(tracks.begin(), tracks.end(), begins_late)) return {};
  for (auto& one : tracks) {
    SHILU_TRY(one.tables, make_tables(*one.track, range, LateStart::kHoldFirst, max_bytes));
  }
  return {};
}

Result<std::vector<TablesOfTrack>> tables_of(std::span<const MovieTrack> tracks, TimeRange range,
                                             std::uint64_t max_bytes) {
  std::vector<TablesOfTrack> all;
  for (const auto& track : tracks) {
    if (track.fragments.empty()) continue;
    SHILU_CHECK(check_parameters(track.parameters));
    SHILU_TRY(auto tables, make_tables(track, range, LateStart::kEmptyEdit, max_bytes));
    all.push_back({&track, std::move(tables), {}, {}});
  }
  if (all.empty()) return invalid("nothing was recorded inside the range");
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.track->number < b.track->number; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].track->number == all[i - 1].track->number) {
      return invalid(fmt::format("track {} stands twice", all[i].track->number));
    }
  }
  SHILU_CHECK(begin_at_once(all, range, max_bytes));
  return all;
}

}  // namespace

Result<Movie> build_movie(std::span<const MovieTrack> tracks, TimeRange range) {
  return build_bounded_movie(tracks, range, kMaxTables);
}

Result<Movie> build_bounded_movie(std::span<const MovieTrack> tracks, TimeRange range,
                                  std::uint64_t max_table_bytes) {
  SHILU_CHECK(check_range(range));
  // Of every track the same, so that the bound does not depend on their order.
  const auto share = max_table_bytes / std::max<std::size_t>(tracks.size(), 1);
  SHILU_TRY(auto all, tables_of(tracks, range, share));
  Movie movie;
  const auto payload_size = place_parts(all, movie);
  movie.header = make_header(all, payload_size);
  movie.size_bytes = movie.header.size() + payload_size;
  movie.duration = std::chrono::milliseconds(duration_ms(all));
  return movie;
}

}  // namespace shilu::bmff

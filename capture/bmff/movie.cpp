#include "capture/bmff/movie.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "capture/bmff/boxes.h"
#include "capture/bmff/moov.h"
#include "capture/bmff/sample_entry.h"
#include "capture/bmff/sample_tables.h"

namespace shilu::bmff {
namespace {

__extension__ typedef __int128 Int128;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kWideBoxHeader = 16;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

struct TablesOfTrack {
  const MovieTrack* track = nullptr;
  SampleTables tables;
  std::vector<std::uint64_t> fragment_offsets;  // from the mdat's payload
};

struct PlacedFragment {
  std::size_t track = 0;  // position in the list of tracks
  std::size_t fragment = 0;
};

// Both times as exact fractions of a second: rounding could make an order that another implementation does
// not see.
bool is_earlier(std::int64_t a, std::uint32_t a_scale, std::int64_t b, std::uint32_t b_scale) {
  return static_cast<Int128>(a) * b_scale < static_cast<Int128>(b) * a_scale;
}

std::vector<PlacedFragment> order_fragments(const std::vector<TablesOfTrack>& tracks) {
  std::vector<PlacedFragment> order;
  for (std::size_t t = 0; t < tracks.size(); ++t) {
    for (std::size_t f = 0; f < tracks[t].track->fragments.size(); ++f) order.push_back({t, f});
  }
  const auto ticks = [&](const PlacedFragment& p) {
    return tracks[p.track].track->fragments[p.fragment].index.decode_ticks;
  };
  const auto scale = [&](const PlacedFragment& p) { return tracks[p.track].track->parameters.timescale; };
  // Stable, and the tracks stand by number: equal times keep that order.
  std::stable_sort(order.begin(), order.end(), [&](const PlacedFragment& a, const PlacedFragment& b) {
    return is_earlier(ticks(a), scale(a), ticks(b), scale(b));
  });
  return order;
}

// Lays the fragments one behind the other; gives the size of all.
std::uint64_t place_fragments(std::vector<TablesOfTrack>& tracks, std::vector<Extent>& extents) {
  for (auto& one : tracks) one.fragment_offsets.resize(one.track->fragments.size());
  std::uint64_t position = 0;
  for (const auto& placed : order_fragments(tracks)) {
    auto& one = tracks[placed.track];
    const auto& fragment = one.track->fragments[placed.fragment];
    one.fragment_offsets[placed.fragment] = position;
    extents.push_back({fragment.source, fragment.source_offset, fragment.index.total_size});
    position += fragment.index.total_size;
  }
  return position;
}

std::vector<std::uint64_t> chunk_offsets(const TablesOfTrack& one, std::uint64_t payload_start) {
  std::vector<std::uint64_t> offsets;
  offsets.reserve(one.tables.chunks.size());
  for (const auto& chunk : one.tables.chunks) {
    offsets.push_back(payload_start + one.fragment_offsets[chunk.fragment] + chunk.offset);
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
  Bytes out;
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
  if (range.from.ns % kNsPerMs != 0 || range.to.ns % kNsPerMs != 0)
    return invalid("the range is not in whole milliseconds");
  return {};
}

Result<std::vector<TablesOfTrack>> tables_of(std::span<const MovieTrack> tracks, TimeRange range) {
  std::vector<TablesOfTrack> all;
  for (const auto& track : tracks) {
    if (track.fragments.empty()) continue;
    SHILU_CHECK(check_parameters(track.parameters));
    SHILU_TRY(auto tables, make_tables(track, range));
    all.push_back({&track, std::move(tables), {}});
  }
  if (all.empty()) return invalid("nothing was recorded inside the range");
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.track->number < b.track->number; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].track->number == all[i - 1].track->number) {
      return invalid(fmt::format("track {} stands twice", all[i].track->number));
    }
  }
  return all;
}

}  // namespace

Result<Movie> build_movie(std::span<const MovieTrack> tracks, TimeRange range) {
  SHILU_CHECK(check_range(range));
  SHILU_TRY(auto all, tables_of(tracks, range));
  Movie movie;
  const auto payload_size = place_fragments(all, movie.extents);
  movie.header = make_header(all, payload_size);
  movie.size_bytes = movie.header.size() + payload_size;
  movie.duration = std::chrono::milliseconds(duration_ms(all));
  return movie;
}

}  // namespace shilu::bmff

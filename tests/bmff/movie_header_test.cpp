// The header as a pure function: what a verifier rebuilds, how large files get, what is refused.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "capture/bmff/fragment_writer.h"
#include "capture/bmff/movie_check.h"
#include "tests/bmff/movie_fixture.h"

namespace shilu {
namespace {

using namespace test;
using bmff::FragmentIndex;
using bmff::MovieFragment;
using bmff::MovieTrack;

const MediaTrack& picture() {
  static const auto media = read_media(made_media({.b_frames = 3}), MediaKind::kVideo);
  return media;
}
const MediaTrack& sound() {
  static const auto media = read_media(made_media({.b_frames = 3}), MediaKind::kAudio);
  return media;
}

TEST_CASE("a verifier finds the fragments verbatim and rebuilds the header from their moofs") {
  const auto range = range_ms(1'234, 6'789);
  MovieBench bench;
  bench.add(picture(), {.holes_ms = {{2'000, 3'000}}});
  bench.add(sound(), {.holes_ms = {{3'500, 4'000}}});
  const auto movie = bench.movie(range);
  const auto clip = bench.movie_bytes(movie);
  const auto read = [&](std::uint64_t offset, std::size_t size) -> Result<Bytes> {
    const auto part = ByteView(clip).subspan(offset, size);
    return Bytes(part.begin(), part.end());
  };
  const auto layout = bmff::parse_clip_layout(read, clip.size());
  REQUIRE(layout);
  CHECK(layout->header_size == movie.header.size());

  std::vector<MovieTrack> tracks{{0, picture().parameters, {}}, {1, sound().parameters, {}}};
  auto part = layout->fragments.begin();
  for (const auto& extent : movie.extents) {
    if (extent.source == bmff::kFillSource) continue;
    REQUIRE(part != layout->fragments.end());
    const auto found = ByteView(clip).subspan(part->offset, part->size);
    const auto recorded = ByteView(bench.tracks()[extent.source].bytes).subspan(extent.offset, extent.size);
    REQUIRE(std::equal(found.begin(), found.end(), recorded.begin(), recorded.end()));
    auto& track = tracks[extent.source];
    track.fragments.push_back(
        {bmff::parse_fragment(found, track.parameters.timescale).value(), 0, part->offset});
    ++part;
  }
  CHECK(part == layout->fragments.end());
  const auto rebuilt = bmff::build_movie(tracks, range);
  REQUIRE(rebuilt);
  CHECK(rebuilt->header == movie.header);
  CHECK(rebuilt->fill == movie.fill);
  // A millisecond more or less is another header.
  CHECK(bmff::build_movie(tracks, range_ms(1'235, 6'789)).value().header != movie.header);
}

TEST_CASE("the same input gives the same bytes, whatever the order of the tracks") {
  const auto range = range_ms(500, 5'500);
  MovieBench bench;
  bench.add(picture());
  bench.add(sound());
  auto tracks = bench.select(range);
  const auto first = bmff::build_movie(tracks, range).value();
  std::swap(tracks[0], tracks[1]);
  const auto second = bmff::build_movie(tracks, range).value();
  CHECK(first.header == second.header);
  REQUIRE(first.extents.size() == second.extents.size());
  for (std::size_t i = 0; i < first.extents.size(); ++i)
    CHECK(first.extents[i].offset == second.extents[i].offset);
}

TEST_CASE("fragments stand in order of their times, and of equal times the lower track first") {
  MovieBench bench;
  bench.add(picture());
  bench.add(sound());
  const auto movie = bench.movie(range_ms(0, 8'000));
  std::vector<std::pair<double, std::uint32_t>> order;
  std::vector<std::size_t> next(2);
  for (const auto& extent : movie.extents) {
    const auto& track = bench.tracks()[extent.source];
    const auto& fragment = track.fragments[next[extent.source]++];
    REQUIRE(fragment.source_offset == extent.offset);
    order.emplace_back(static_cast<double>(fragment.index.decode_ticks) / track.parameters.timescale,
                       extent.source);
  }
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a track without anything in the range is left out") {
  MovieBench bench;
  bench.add(picture());
  bench.add(sound(), {.starts_ms = 60'000});
  const auto file = bench.write_movie(range_ms(1'000, 2'000));
  CHECK(lines_of(run_tool({"ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0",
                           file.string()})) == std::vector<std::string>{"video"});
}

TEST_CASE("what cannot be a movie is refused") {
  MovieBench bench;
  bench.add(picture());
  const auto refuse = [](const std::vector<MovieTrack>& tracks, TimeRange range) {
    const auto movie = bmff::build_movie(tracks, range);
    REQUIRE_FALSE(movie);
    CHECK(movie.error().kind == ErrorKind::kInvalidArgument);
    CHECK_FALSE(movie.error().message.empty());
  };
  const auto good = range_ms(1'000, 2'000);
  const auto tracks = bench.select(good);
  REQUIRE(bmff::build_movie(tracks, good));
  refuse(tracks, range_ms(1'000, 1'000));
  refuse(tracks, range_ms(2'000, 1'000));
  refuse(tracks, {LessonTime{1'000'000'001}, LessonTime::from_ms(2'000)});
  refuse(tracks, {LessonTime::from_ms(1'000), LessonTime{1'999'999'999}});
  refuse(tracks, range_ms(0, 24 * 3'600'000 + 1));
  refuse({}, good);
  refuse(bench.select(range_ms(60'000, 61'000)), range_ms(60'000, 61'000));
  refuse(tracks, range_ms(60'000, 61'000));
  auto twice = tracks;
  twice.push_back(tracks[0]);
  refuse(twice, good);
  auto headless = tracks;
  headless[0].fragments[0].index.samples[0].sync = false;
  refuse(headless, good);
  auto backwards = bench.select(range_ms(0, 4'000));
  std::swap(backwards[0].fragments[1], backwards[0].fragments[2]);
  refuse(backwards, range_ms(0, 4'000));
  auto silent = tracks;
  silent[0].parameters.configuration.clear();
  refuse(silent, good);
}

// Fragments of a given size without their bytes: the file is a hole behind its header.
MovieTrack large_track(std::uint32_t fragment_size, std::size_t count) {
  MovieTrack track{0, picture().parameters, {}};
  for (std::size_t i = 0; i < count; ++i) {
    FragmentIndex index;
    index.sequence = static_cast<std::uint32_t>(i);
    index.decode_ticks = static_cast<std::int64_t>(i) * 90'000;
    index.payload_offset = 104;
    index.payload_size = fragment_size;
    index.total_size = index.payload_offset + index.payload_size;
    index.samples = {{fragment_size, 90'000, 0, true}};
    track.fragments.push_back({std::move(index), 0, 0});
  }
  return track;
}

TEST_CASE("beyond 4 GiB the offsets have 64 bits, and ffprobe finds the samples there") {
  const TemporaryDirectory directory;
  for (const std::size_t count : {64u, 65u, 90u}) {
    const auto track = large_track(64u << 20, count);
    const auto movie =
        bmff::build_movie({{track}}, range_ms(0, static_cast<std::int64_t>(count) * 1'000)).value();
    CHECK(movie.size_bytes == movie.header.size() + count * ((64u << 20) + 104));
    const auto text = as_text(movie.header);
    const bool wide = movie.size_bytes > 0xffffffffull;
    CHECK(wide);  // 64 fragments of 64 MiB and their moofs are just beyond
    CHECK((text.find("co64") != text.npos) == wide);
    CHECK((text.find("stco") != text.npos) == !wide);
    const auto file = directory / "large.mp4";
    std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
    std::filesystem::resize_file(file, movie.size_bytes);
    const auto last =
        run_tool({"ffprobe", "-v", "quiet", "-show_entries", "packet=pos,pts_time", "-read_intervals",
                  fmt::format("{}%+#1", count - 1), "-of", "csv=p=0", file.string()});
    const auto position = movie.size_bytes - (64u << 20);
    CHECK(lines_of(last).at(0) == fmt::format("{}.000000,{}", count - 1, position));
  }
}

TEST_CASE("offsets have 32 bits up to the last byte that they reach") {
  const auto movie_of = [](std::uint32_t size) {
    return bmff::build_movie({{large_track(size, 2)}}, range_ms(0, 2'000)).value();
  };
  const auto overhead = movie_of(1'000).size_bytes - 2'000;
  // Two equal fragments: the last size that is within 2^32 - 1, and the next.
  const auto largest = static_cast<std::uint32_t>((0xffffffffull - overhead) / 2);
  CHECK(as_text(movie_of(largest).header).find("stco") != std::string_view::npos);
  CHECK(as_text(movie_of(largest + 1).header).find("co64") != std::string_view::npos);
}

TEST_CASE("hostile times cannot make a movie large") {
  MovieTrack track{0, sound().parameters, {}};
  for (std::uint32_t i = 0; i < 4; ++i) {
    FragmentIndex index;
    index.sequence = i;
    index.decode_ticks = std::int64_t{i} * 48'000 * 86'400 * 30;  // a month each
    index.payload_offset = 108;
    index.payload_size = 20;
    index.total_size = 128;
    index.samples = {{10, 1'024, 0, true}, {10, 1'024, 0, true}};
    track.fragments.push_back({std::move(index), 0, 0});
  }
  const auto day = range_ms(0, 24 * 3'600'000);
  track.fragments = bmff::select_fragments(track.fragments, track.parameters, day);
  const auto movie = bmff::build_movie({{track}}, day);
  REQUIRE(movie);
  CHECK(movie->size_bytes < 1'000'000);
  const auto late = range_ms(24 * 3'600'000ll * 30 - 86'000'000, 24 * 3'600'000ll * 30 + 400'000);
  MovieTrack other{0, sound().parameters, {}};
  other.fragments = bmff::select_fragments(large_track(10, 3).fragments, picture().parameters, late);
  CHECK(other.fragments.empty());
}

TEST_CASE("a clock of four billion ticks a second cannot ask for years of silence") {
  auto parameters = sound().parameters;
  parameters.sample_rate = parameters.timescale = 0xffffffff;
  const std::int64_t hour = std::int64_t{3'600} * parameters.timescale;
  // Between two frames, and before the first.
  for (const auto& times : {std::vector<std::int64_t>{0, 23 * hour}, std::vector<std::int64_t>{23 * hour}}) {
    MovieTrack track{0, parameters, {}};
    for (const auto ticks : times) {
      FragmentIndex index;
      index.decode_ticks = ticks;
      index.payload_offset = 108;
      index.payload_size = 10;
      index.total_size = 118;
      index.samples = {{10, 1'024, 0, true}};
      track.fragments.push_back({std::move(index), 0, 0});
    }
    const auto movie = bmff::build_movie({{track}}, range_ms(0, 24 * 3'600'000));
    REQUIRE_FALSE(movie);
    CHECK(movie.error().kind == ErrorKind::kInvalidArgument);
    CHECK_THAT(movie.error().message, Catch::Contains("larger than may be"));
  }
}

TEST_CASE("tables and silence keep to the bound that the caller sets") {
  const auto track =
      large_track(1'000, 100);  // 100 samples of a second, each a sync sample and a chunk of its own
  const auto range = range_ms(0, 100'000);
  // One run of durations and one of offsets (8 each), and for each sample a size (4), a sync sample (4) and a
  // chunk (20).
  CHECK(bmff::build_bounded_movie({{track}}, range, 16 + 100 * 28));
  CHECK_FALSE(bmff::build_bounded_movie({{track}}, range, 100 * 28));
}

// A second, slow opinion on which fragments a clip needs, word by word from docs/ref/fragments.md.
std::vector<std::uint32_t> needed_by_the_page(const std::vector<MovieFragment>& all, bool video,
                                              std::int64_t in, std::int64_t out) {
  struct Flat {
    std::size_t fragment;
    std::int64_t decode, presentation, end;
    bool in_range;
  };
  std::vector<Flat> flat;
  for (std::size_t f = 0; f < all.size(); ++f) {
    auto decode = all[f].index.decode_ticks;
    for (const auto& sample : all[f].index.samples) {
      const auto shown = decode + sample.composition_offset;
      const bool inside = video ? shown >= in && shown < out : decode + sample.duration > in && decode < out;
      flat.push_back({f, decode, shown, decode + sample.duration, inside});
      decode += sample.duration;
    }
  }
  std::size_t first = all.size(), last = 0;
  if (video) {
    std::size_t late = all.size();  // the first group with a sample in range
    for (std::size_t f = 0; f < all.size(); ++f) {
      if (!all[f].index.samples[0].sync) continue;
      std::size_t end = f + 1;
      while (end < all.size() && !all[end].index.samples[0].sync) ++end;
      const bool shows = std::any_of(flat.begin(), flat.end(), [&](const Flat& s) {
        return s.fragment >= f && s.fragment < end && s.in_range;
      });
      if (!shows) continue;
      if (all[f].index.decode_ticks + all[f].index.samples[0].composition_offset <= in) first = f;
      if (late == all.size()) late = f;
    }
    if (first == all.size()) first = late;
    for (const auto& s : flat) {
      if (s.fragment >= first && s.presentation < out) last = s.fragment;
    }
  } else {
    for (std::size_t i = 0; i < flat.size(); ++i) {
      if (!flat[i].in_range) continue;
      if (first == all.size()) {
        first = flat[i].fragment;
        if (i > 0 && flat[i].decode - flat[i - 1].end < flat[i - 1].end - flat[i - 1].decode)
          first = flat[i - 1].fragment;
      }
      last = flat[i].fragment;
    }
  }
  std::vector<std::uint32_t> numbers;
  for (auto f = first; f < all.size() && f <= last; ++f) numbers.push_back(all[f].index.sequence);
  return numbers;
}

std::vector<MovieFragment> random_fragments(std::mt19937& random, bool video) {
  std::vector<MovieFragment> all;
  std::int64_t decode = -3'000;
  for (std::uint32_t f = 0; f < 12; ++f) {
    if (random() % 4 == 0) decode += static_cast<std::int64_t>(random() % 4'000);
    FragmentIndex index;
    index.sequence = f;
    index.decode_ticks = decode;
    const bool key = !video || random() % 3 != 0;
    const auto count = 1 + random() % 6;
    for (std::size_t s = 0; s < count; ++s) {
      // Within a group pictures are reordered by at most two; a key picture's group never shows before it.
      const std::uint32_t offset =
          video ? (s == 0 && key ? 200u : static_cast<std::uint32_t>(100 * (1 + random() % 4))) : 0;
      index.samples.push_back({10, 100, offset, !video || (s == 0 && key)});
      decode += 100;
    }
    index.payload_offset = 100;
    index.payload_size = 10 * count;
    index.total_size = index.payload_offset + index.payload_size;
    all.push_back({std::move(index), 0, 0});
  }
  return all;
}

TEST_CASE("the fragments chosen are those that the page names") {
  std::mt19937 random(11);  // NOLINT: the same every time
  for (int round = 0; round < 4'000; ++round) {
    const bool video = round % 2 == 0;
    auto parameters = video ? picture().parameters : sound().parameters;
    parameters.timescale = 1'000;  // ticks are milliseconds
    const auto all = random_fragments(random, video);
    const auto from = static_cast<std::int64_t>(random() % 9'000) - 4'000;
    const auto to = from + 1 + static_cast<std::int64_t>(random() % 3'000);
    std::vector<std::uint32_t> chosen;
    for (const auto& fragment : bmff::select_fragments(all, parameters, range_ms(from, to))) {
      chosen.push_back(fragment.index.sequence);
    }
    INFO(fmt::format("round {}: {} to {}", round, from, to));
    REQUIRE(chosen == needed_by_the_page(all, video, from, to));
    // What was chosen is enough to choose from: a verifier that has only these comes to the same.
    std::vector<MovieFragment> kept;
    for (const auto& fragment : all) {
      if (std::count(chosen.begin(), chosen.end(), fragment.index.sequence) > 0) kept.push_back(fragment);
    }
    REQUIRE(bmff::select_fragments(kept, parameters, range_ms(from, to)).size() == kept.size());
  }
}

}  // namespace
}  // namespace shilu

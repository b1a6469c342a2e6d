// Exports and clips, judged by ffmpeg: the pictures are those of the source, bit by bit, at their times.

#include "capture/bmff/movie.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/bmff/movie_fixture.h"

namespace shilu {
namespace {

using namespace test;

// A picture of the source with its time on the lesson's axis.
struct Expected {
  std::int64_t presentation = 0;  // ticks
  std::string md5;
};

// A source file, read and decoded once.
class Original {
 public:
  explicit Original(const std::filesystem::path& file)
      : picture(read_media(file, MediaKind::kVideo)), sound(read_media(file, MediaKind::kAudio)) {
    std::vector<std::int64_t> times;
    for (const auto& sample : picture.samples) times.push_back(sample.presentation());
    std::sort(times.begin(), times.end());
    const auto decoded = decode_video(file);
    if (decoded.size() != times.size()) throw std::runtime_error("the source has lost pictures");
    for (std::size_t i = 0; i < times.size(); ++i) frames_.push_back({times[i], decoded[i].md5});
    samples_ = decode_audio(file);
  }

  // The pictures presented in [from, to).
  std::vector<Expected> between(TimeRange range, std::int64_t starts_ms) const {
    const auto scale = picture.parameters.timescale;
    const auto shift = ticks_from_ns(starts_ms * 1'000'000, scale);
    std::vector<Expected> found;
    for (const auto& frame : frames_) {
      const auto at = frame.presentation + shift;
      if (at >= ticks_from_ns(range.from.ns, scale) && at < ticks_from_ns(range.to.ns, scale))
        found.push_back({at, frame.md5});
    }
    return found;
  }

  // Mono 16 bit samples from that lesson time on.
  ByteView pcm_from(LessonTime from, std::int64_t starts_ms) const {
    const auto first = ticks_from_ns(from.ns - starts_ms * 1'000'000, sound.parameters.timescale);
    return ByteView(samples_).subspan(static_cast<std::size_t>(first) * 2);
  }

  MediaTrack picture;
  MediaTrack sound;

 private:
  std::vector<Expected> frames_;
  Bytes samples_;
};

const Original& classroom() {
  static const Original original(classroom_media());
  return original;
}
const Original& without_b_frames() {
  static const Original original(made_media({}));
  return original;
}
const Original& with_b_frames() {
  static const Original original(made_media({.b_frames = 3, .sample_rate = 44'100}));
  return original;
}
const Original& hevc() {
  static const Original original(made_media({.video_encoder = "libx265", .b_frames = 3}));
  return original;
}

// Same pictures, each at its time: half a millisecond where the edit list rounds, and never unevenly.
void require_pictures(const std::filesystem::path& movie, const std::vector<Expected>& expected,
                      TimeRange range) {
  const auto frames = decode_video(movie);
  REQUIRE(frames.size() == expected.size());
  const auto in = ticks_from_ns(range.from.ns, 90'000);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    REQUIRE(frames[i].md5 == expected[i].md5);
    REQUIRE(std::abs(frames[i].presentation - (expected[i].presentation - in)) <= 45);
    REQUIRE(frames[i].presentation - frames[0].presentation ==
            expected[i].presentation - expected[0].presentation);
  }
}

// The sound is the source's from the very sample of the in-point on, and ends within a frame of the
// out-point.
void require_sound(const std::filesystem::path& movie, const Original& original, TimeRange range,
                   std::int64_t starts_ms) {
  const auto sound = decode_audio(movie);
  const auto expected = original.pcm_from(range.from, starts_ms);
  const auto scale = original.sound.parameters.timescale;
  const auto length = static_cast<std::size_t>(ticks_from_ns(range.duration().count(), scale)) * 2;
  REQUIRE(sound.size() >= length);
  REQUIRE(sound.size() <= length + 2 * 1024);
  REQUIRE(std::equal(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length), expected.begin()));
}

void require_both(const Original& original, TimeRange range, const TrackPlan& plan = {}) {
  INFO(fmt::format("{} ms to {} ms", range.from.ms(), range.to.ms()));
  MovieBench bench;
  bench.add(original.picture, plan);
  bench.add(original.sound, plan);
  const auto movie = bench.write_movie(range);
  require_pictures(movie, original.between(range, plan.starts_ms), range);
  require_sound(movie, original, range, plan.starts_ms);
}

double seconds_of(const std::filesystem::path& movie, const std::string& entry) {
  return std::stod(
      run_tool({"ffprobe", "-v", "error", "-show_entries", entry, "-of", "csv=p=0", movie.string()}));
}

TEST_CASE("an export shows every picture of its source at its time") {
  require_both(without_b_frames(), range_ms(0, 8'000));
  require_both(with_b_frames(), range_ms(0, 8'000));
  require_both(hevc(), range_ms(0, 8'000));
  require_both(classroom(), range_ms(0, 36'000));
}

TEST_CASE("a clip shows its range to the picture and to the sample") {
  const std::pair<std::int64_t, std::int64_t> ranges[] = {{1'001, 2'002}, {13, 7'777},         {999, 1'033},
                                                          {1'000, 3'000}, {3'333, 3'334 + 33}, {2'469, 5'005},
                                                          {1, 999},       {6'543, 7'999}};
  for (const auto& [from, to] : ranges) {
    require_both(without_b_frames(), range_ms(from, to));
    require_both(with_b_frames(), range_ms(from, to));
    require_both(hevc(), range_ms(from, to));
  }
}

TEST_CASE("clips of real footage show their pictures") {
  for (const auto& [from, to] :
       {std::pair(12'000, 25'500), std::pair(3'013, 8'657), std::pair(19'999, 20'001)}) {
    const auto range = range_ms(from, to);
    MovieBench bench;
    bench.add(classroom().picture);
    bench.add(classroom().sound);
    require_pictures(bench.write_movie(range), classroom().between(range, 0), range);
  }
}

TEST_CASE("every millisecond of an in-point gives the right first picture") {
  MovieBench bench;
  bench.add(with_b_frames().picture);
  bench.add(with_b_frames().sound);
  for (std::int64_t ms = 2'000; ms < 2'067; ms += 3) {
    const auto range = range_ms(ms, ms + 150);
    INFO(ms);
    require_pictures(bench.write_movie(range), with_b_frames().between(range, 0), range);
  }
}

TEST_CASE("every millisecond of an out-point gives the right last picture") {
  MovieBench bench;
  bench.add(with_b_frames().picture);
  for (std::int64_t ms = 3'000; ms < 3'067; ms += 3) {
    const auto range = range_ms(2'900, ms);
    INFO(ms);
    require_pictures(bench.write_movie(range), with_b_frames().between(range, 0), range);
  }
}

TEST_CASE("fragments closed before their group ends change nothing") {
  require_both(with_b_frames(), range_ms(1'234, 4'321), {.samples_per_fragment = 7});
  require_both(without_b_frames(), range_ms(0, 8'000), {.samples_per_fragment = 7});
}

TEST_CASE("pre-roll before the in-point stays hidden") {
  require_both(with_b_frames(), range_ms(0, 4'500), {.starts_ms = -3'333});
  require_both(without_b_frames(), range_ms(-1'500, 1'500), {.starts_ms = -3'333});
}

TEST_CASE("what begins late is silent until it begins, and its pictures come at their time") {
  const TrackPlan plan{.starts_ms = 1'234};
  const auto range = range_ms(0, 5'000);
  MovieBench bench;
  bench.add(without_b_frames().picture, plan);
  bench.add(without_b_frames().sound, plan);
  const auto movie = bench.write_movie(range);
  require_pictures(movie, without_b_frames().between(range, plan.starts_ms), range);
  const auto sound = decode_audio(movie);
  // AAC overlaps its frames: the priming before the first real sample sounds already.
  const std::size_t silent = 2 * (1'234 * 48 - 2 * 1024), real = 2 * 1'234 * 48;
  CHECK(std::all_of(sound.begin(), sound.begin() + silent, [](std::uint8_t byte) { return byte == 0; }));
  const auto expected = without_b_frames().pcm_from(LessonTime::from_ms(1'234), 1'234);
  REQUIRE(sound.size() > real + 2 * 48'000);
  CHECK(std::equal(sound.begin() + real, sound.begin() + real + 2 * 48'000, expected.begin()));
  CHECK(seconds_of(movie, "format=start_time") == Approx(0).margin(0.0001));
  CHECK(seconds_of(movie, "format=duration") == Approx(5).margin(0.001));
}

TEST_CASE("where nothing sounds, the first picture stands until the next") {
  const TrackPlan plan{.starts_ms = 1'234};
  const auto range = range_ms(0, 5'000);
  MovieBench bench;
  bench.add(with_b_frames().picture, plan);
  const auto movie = bench.write_movie(range);
  auto expected = with_b_frames().between(range, plan.starts_ms);
  expected.front().presentation = 0;
  require_pictures(movie, expected, range);
  CHECK(seconds_of(movie, "format=duration") == Approx(5).margin(0.001));
}

TEST_CASE("a hole keeps the times of what follows, in picture and sound") {
  const TrackPlan plan{.holes_ms = {{2'500, 4'100}}};
  for (const auto* original : {&without_b_frames(), &with_b_frames()}) {
    const auto range = range_ms(0, 8'000);
    MovieBench bench;
    bench.add(original->picture, plan);
    bench.add(original->sound, plan);
    const auto movie = bench.write_movie(range);
    const auto rate = original->sound.parameters.timescale;
    std::vector<Expected> expected;
    const auto& fragments = bench.tracks()[0].fragments;
    for (const auto& frame : original->between(range, 0)) {
      const auto is_there = [&](const bmff::MovieFragment& fragment) {
        auto decode = fragment.index.decode_ticks;
        for (const auto& sample : fragment.index.samples) {
          if (decode + sample.composition_offset == frame.presentation) return true;
          decode += sample.duration;
        }
        return false;
      };
      if (std::any_of(fragments.begin(), fragments.end(), is_there)) expected.push_back(frame);
    }
    REQUIRE(expected.size() < original->between(range, 0).size());
    require_pictures(movie, expected, range);

    const auto sound = decode_audio(movie);
    const auto source = original->pcm_from(LessonTime{0}, 0);
    const auto same = [&](std::int64_t from_ms, std::int64_t to_ms) {
      const auto at = [&](std::int64_t ms) { return 2 * (ms * rate / 1000); };
      return std::equal(sound.begin() + at(from_ms), sound.begin() + at(to_ms), source.begin() + at(from_ms));
    };
    CHECK(same(0, 2'400));
    const auto silent = [&](std::int64_t from_ms, std::int64_t to_ms) {
      return std::all_of(sound.begin() + 2 * (from_ms * rate / 1000),
                         sound.begin() + 2 * (to_ms * rate / 1000),
                         [](std::uint8_t byte) { return byte == 0; });
    };
    CHECK(silent(2'600, 4'050));
    // A decoder that counts samples is off by at most half a frame behind the hole: the tones must line up
    // within that.
    std::size_t offset = 0;
    const auto window = static_cast<std::size_t>(rate / 10) * 2;
    const auto want = static_cast<std::size_t>(6 * rate) * 2;
    for (std::size_t shift = 0; shift <= 1'024 && offset == 0; shift += 2) {
      for (const auto at : {want - shift, want + shift}) {
        if (std::equal(source.begin() + static_cast<std::ptrdiff_t>(want),
                       source.begin() + static_cast<std::ptrdiff_t>(want + window),
                       sound.begin() + static_cast<std::ptrdiff_t>(at))) {
          offset = shift + 2;
        }
      }
    }
    CHECK(offset > 0);
    // By its times the sound is exact: the packet behind the hole stands where it was recorded.
    const auto packets = lines_of(run_tool({"ffprobe", "-v", "error", "-select_streams", "a", "-show_entries",
                                            "packet=pts", "-of", "csv=p=0", movie.string()}));
    for (const auto& fragment : bench.tracks()[1].fragments) {
      const auto at = fragment.index.decode_ticks;
      if (at > 0) CHECK(std::count(packets.begin(), packets.end(), std::to_string(at)) == 1);
    }
  }
}

TEST_CASE("a hole at the in-point leaves no picture of before") {
  MovieBench bench;
  bench.add(without_b_frames().picture, {.holes_ms = {{2'500, 4'100}}});
  const auto range = range_ms(3'100, 6'000);
  const auto movie = bench.movie(range);
  const auto begins = movie.extents.front().offset;
  for (const auto& fragment : bench.tracks()[0].fragments) {
    if (fragment.source_offset == begins) CHECK(fragment.index.decode_ticks >= 4 * 90'000);
  }
  auto expected = without_b_frames().between(range_ms(5'004, 6'000), 0);
  const auto frames = decode_video(bench.write_movie(movie));
  REQUIRE(frames.size() >= expected.size());
  CHECK(frames.back().md5 == expected.back().md5);
}

}  // namespace
}  // namespace shilu

// The live picture as a player gets it: decoded by ffmpeg.
#include "firmware/portal/live_mp4.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "firmware/lesson/lesson_time.h"
#include "tests/base/temporary_directory.h"
#include "tests/bmff/media_fixture.h"

namespace shilu::portal {
namespace {

using test::TemporaryDirectory;

constexpr MonotonicTime kBegin{7'000'000'000};

link::AccessUnit unit_of(const test::MediaTrack& track, std::size_t index) {
  const auto& sample = track.samples[index];
  const auto at = [&](std::int64_t ticks) {
    return kBegin + Nanoseconds(ns_from_ticks(ticks, track.parameters.timescale));
  };
  link::AccessUnit unit;
  unit.number = index + 1;
  unit.decode_time = at(sample.decode);
  unit.presentation_time = at(sample.presentation());
  unit.sync = sample.sync;
  unit.data = sample.data;
  return unit;
}

void append(Bytes& movie, const Bytes& more) {
  movie.insert(movie.end(), more.begin(), more.end());
}

TEST_CASE(
    "a piece for each picture makes a film that plays from its first byte, at the pictures' own times") {
  const auto media = test::made_media({.b_frames = 2, .seconds = 4});
  const auto track = test::read_media(media, MediaKind::kVideo);
  LiveMp4 live;
  const auto beginning = live.begin({MediaKind::kVideo, track.parameters, 0});
  REQUIRE(beginning);
  CHECK(beginning->mime.starts_with("video/mp4; codecs=\"avc1."));
  Bytes movie = beginning->header;
  std::size_t pieces = 0;
  for (std::size_t i = 0; i < track.samples.size(); ++i) {
    const auto piece = live.add(unit_of(track, i));
    CHECK(piece.has_value() == (i > 0));  // one is held back until the next tells how long it lasts
    if (piece) append(movie, *piece);
    pieces += piece ? 1 : 0;
  }
  CHECK(pieces == track.samples.size() - 1);
  const TemporaryDirectory directory;
  const auto file = directory / "live.mp4";
  REQUIRE(write_file_atomic(file, movie));
  const auto live_pictures = test::decode_video(file);
  const auto pictures = test::decode_video(media);
  REQUIRE(live_pictures.size() + 1 == pictures.size());
  // All but the last to be decoded, which need not be the last to be seen.
  std::size_t missing = 0;
  for (std::size_t i = 0; i < live_pictures.size(); ++i) {
    if (missing == 0 && live_pictures[i].md5 != pictures[i].md5) missing = 1;
    CHECK(live_pictures[i].md5 == pictures[i + missing].md5);
  }
}

TEST_CASE("it begins with a key picture, at the start and after something was left out") {
  const auto track = test::read_media(test::made_media({.seconds = 4}), MediaKind::kVideo);
  LiveMp4 live;
  REQUIRE(live.begin({MediaKind::kVideo, track.parameters, 0}));
  CHECK_FALSE(live.add(unit_of(track, 3)));
  CHECK_FALSE(live.add(unit_of(track, 4)));
  CHECK_FALSE(live.add(unit_of(track, 30)));
  CHECK(live.add(unit_of(track, 31)));
  live.skip_to_key();
  CHECK_FALSE(live.add(unit_of(track, 32)));
  CHECK_FALSE(live.add(unit_of(track, 33)));
  CHECK_FALSE(live.add(unit_of(track, 60)));
  CHECK(live.add(unit_of(track, 61)));
}

TEST_CASE("without parameters nothing is shown") {
  LiveMp4 live;
  link::AccessUnit unit;
  unit.sync = true;
  CHECK_FALSE(live.add(unit));
  CHECK_FALSE(live.add(unit));
}

}  // namespace
}  // namespace shilu::portal

// Clips of real footage with B-frames, holes and late starts; and clips forged by somebody who knows the
// format.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/lesson_folder.h"
#include "tests/base/test_keys.h"
#include "tests/evidence/attack_stage.h"
#include "tests/evidence/evidence_fixture.h"
#include "tests/journal/lesson_fixture.h"
#include "upload/evidence/clip_check.h"
#include "upload/evidence/package_scan.h"
#include "upload/evidence/proof_builder.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

// A clip in memory, in the shape in which a verifier meets it.
struct Clip {
  Bytes bytes;
  ClipMedia media;
};

void read_layout(Clip& clip) {
  clip.media.read = [&content = clip.bytes](std::uint64_t offset, std::size_t size) -> Result<Bytes> {
    if (offset > content.size()) return fail(ErrorKind::kCorrupted, "beyond the end");
    const ByteView part =
        ByteView(content).subspan(offset, std::min(size, content.size() - static_cast<std::size_t>(offset)));
    return Bytes(part.begin(), part.end());
  };
  const auto layout = must(bmff::parse_clip_layout(clip.media.read, clip.bytes.size()));
  clip.media.header_size = layout.header_size;
  clip.media.fragments.clear();
  for (const auto& part : layout.fragments)
    clip.media.fragments.push_back(
        {part.offset, part.size, sha256(ByteView(clip.bytes).subspan(part.offset, part.size))});
}

TimeRange ms(std::int64_t from, std::int64_t to) {
  return {LessonTime::from_ms(from), LessonTime::from_ms(to)};
}

// A clip of the room in one part.
Result<std::vector<std::string>> check(const ProvenRecords& proven, TimeRange range, const ClipMedia& media) {
  const ClipPart part{range, &media};
  return check_clip(proven, "room", {&part, 1});
}

// What an honest builder makes of a range.
struct Cut {
  journal::LessonFolder lesson;
  BuiltProof proof;
  Clip clip;
};
Cut cut(const std::filesystem::path& directory, TimeRange range) {
  auto lesson = must(journal::LessonFolder::open(directory));
  const auto movie = must(lesson.movie("room", range));
  auto proof = must(ProofBuilder(lesson).build(movie.leaves, {"room"}, range, Digest{}));
  Clip clip;
  clip.bytes = movie.movie.header;
  for (const auto& extent : movie.movie.extents) {
    if (extent.source == bmff::kFillSource) {
      put_bytes(clip.bytes, ByteView(movie.movie.fill).subspan(extent.offset, extent.size));
      continue;
    }
    const auto file = must(posix_file_system().open(movie.files[extent.source], OpenMode::kRead));
    put_bytes(clip.bytes, must(file->read_at(extent.offset, extent.size)));
  }
  return {std::move(lesson), std::move(proof), std::move(clip)};
}

// The fragments of a cut by track, so that a forger can choose among them and build a header that fits.
std::map<std::uint16_t, bmff::MovieTrack> tracks_of(const Cut& one) {
  std::map<std::uint16_t, bmff::MovieTrack> tracks;
  for (const auto& fragment : one.clip.media.fragments) {
    for (const auto& [number, track] : one.proof.proven.tracks()) {
      for (const auto& record : track.fragments) {
        if (record.fragment_sha256 != fragment.sha256) continue;
        auto& movie = tracks[number];
        movie.number = number;
        movie.parameters = must(bmff::parse_track_header(*track.epochs.at(record.epoch).header));
        const ByteView bytes = ByteView(one.clip.bytes).subspan(fragment.offset, fragment.size);
        movie.fragments.push_back(
            {must(bmff::parse_fragment(bytes, movie.parameters.timescale)), 0, fragment.offset});
      }
    }
  }
  return tracks;
}

Clip forge(const Cut& from, const std::map<std::uint16_t, bmff::MovieTrack>& tracks, TimeRange range) {
  std::vector<bmff::MovieTrack> list;
  for (const auto& [number, track] : tracks) list.push_back(track);
  const auto movie = must(bmff::build_movie(list, range));
  Clip clip;
  clip.bytes = movie.header;
  for (const auto& extent : movie.extents) {
    const Bytes& source = extent.source == bmff::kFillSource ? movie.fill : from.clip.bytes;
    put_bytes(clip.bytes, ByteView(source).subspan(extent.offset, extent.size));
  }
  return clip;
}

}  // namespace

TEST_CASE("every range of a lesson with B-frames, a hole and a late start can be cut and proven") {
  TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.sources[0].starts_ms = 700;
  recipe.sources[0].holes = {{5000, 6500, "source-lost"}};
  recipe.sources[0].new_epochs_ms = {8000};
  recipe.keys = directory / "keys";
  write_lesson(directory / "lesson", recipe);
  int proven = 0, with_gaps = 0;
  for (std::int64_t from = 0; from < 12'000; from += 477) {
    for (const std::int64_t length : {40, 333, 1000, 2500, 6000}) {
      const TimeRange range = ms(from, std::min<std::int64_t>(from + length, 12'000));
      const auto lesson = must(journal::LessonFolder::open(directory / "lesson"));
      if (!lesson.movie("room", range)) continue;  // nothing was recorded there
      auto one = cut(directory / "lesson", range);
      read_layout(one.clip);
      INFO(fmt::format("{} to {}", range.from.seconds(), range.to.seconds()));
      const auto gaps = check(one.proof.proven, range, one.clip.media);
      if (!gaps) UNSCOPED_INFO(gaps.error().message);
      REQUIRE(gaps);
      ++proven;
      with_gaps += gaps->empty() ? 0 : 1;
      // Fragments of 2 s and sound blocks of 1 s lie around the hole; the late start reaches to 0.7 s.
      const bool inside_gap =
          range.from < LessonTime::from_ms(700) ||
          (range.from < LessonTime::from_ms(6000) && range.to > LessonTime::from_ms(5600));
      if (inside_gap) CHECK_FALSE(gaps->empty());
    }
  }
  CHECK(proven > 80);
  CHECK(with_gaps > 20);
  CHECK(with_gaps < proven - 20);
}

TEST_CASE("somebody who knows the format cannot leave anything out of a clip") {
  TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.keys = directory / "keys";
  write_lesson(directory / "lesson", recipe);
  const TimeRange range = ms(3000, 9000);
  auto one = cut(directory / "lesson", range);
  read_layout(one.clip);
  REQUIRE(must(check(one.proof.proven, range, one.clip.media)).empty());
  auto tracks = tracks_of(one);
  REQUIRE(tracks.size() == 2);
  auto& video = tracks.at(0).fragments;
  auto& sound = tracks.at(1).fragments;
  REQUIRE(video.size() >= 4);
  REQUIRE(sound.size() >= 6);
  std::string says;
  SECTION("nothing left out: the forger is an honest builder") {}
  SECTION("the sound") {
    tracks.erase(1);
    says = "room.audio is missing from 3.000 s to 9.000 s, and no gap is declared there";
  }
  SECTION("the picture") {
    tracks.erase(0);
    says = "room.video is missing from 3.000 s to 9.000 s, and no gap is declared there";
  }
  SECTION("a picture fragment in the middle") {
    video.erase(video.begin() + 1);
    says = "follows fragment";
  }
  SECTION("a second of sound in the middle") {
    sound.erase(sound.begin() + 2);
    says = "follows fragment";
  }
  SECTION("the last picture fragment") {
    video.pop_back();
    says = "room.video is missing from";
  }
  SECTION("the last second of sound") {
    sound.pop_back();
    says = "room.audio is missing from";
  }
  SECTION("the first picture fragment") {
    video.erase(video.begin());
    says = "room.video is missing from 3.000 s";
  }
  SECTION("the first seconds of sound") {
    sound.erase(sound.begin(), sound.begin() + 2);
    says = "room.audio is missing from 3.000 s";
  }
  auto forged = forge(one, tracks, range);
  read_layout(forged);
  const auto gaps = check(one.proof.proven, range, forged.media);
  if (says.empty()) {
    CHECK(gaps);
    CHECK(forged.bytes == one.clip.bytes);
    return;
  }
  REQUIRE_FALSE(gaps);
  INFO(gaps.error().message);
  CHECK(gaps.error().message.find(says) != std::string::npos);
}

TEST_CASE("a clip of a source whose picture never came says so") {
  TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.keys = directory / "keys";
  recipe.sources[0].picture = false;
  recipe.sources.push_back({.name = "board", .sound = false});
  write_lesson(directory / "lesson", recipe);
  const TimeRange range = ms(3000, 9000);
  auto one = cut(directory / "lesson", range);
  read_layout(one.clip);
  const auto gaps = must(check(one.proof.proven, range, one.clip.media));
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0] == "room.video 3.000 s to 9.000 s (source-ended)");
}

TEST_CASE("a clip of a track that is gone for a while says so") {
  TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.keys = directory / "keys";
  recipe.sources[0].holes = {{4000, 8000, "source-lost"}};
  write_lesson(directory / "lesson", recipe);
  const TimeRange range = ms(3000, 9000);
  auto one = cut(directory / "lesson", range);
  read_layout(one.clip);
  const auto gaps = must(check(one.proof.proven, range, one.clip.media));
  CHECK(gaps.size() == 2);
  SECTION("and whoever fills the silence with his own sound is found") {
    // The first box `free` inside the mdat holds the silent frames.
    const std::string_view text = as_text(one.clip.bytes);
    const auto at = text.find("free", one.clip.media.header_size);
    REQUIRE(at != text.npos);
    one.clip.bytes[at + 20] ^= 1;
    CHECK_FALSE(bmff::parse_clip_layout(one.clip.media.read, one.clip.bytes.size()));
    CHECK_FALSE(check(one.proof.proven, range, one.clip.media));
  }
}

TEST_CASE("a lesson folder is verified in facts of its own") {
  TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.keys = directory / "keys";
  const auto lesson = write_lesson(directory / "lesson", recipe);
  const auto device = must(SigningKey::load(directory / "keys/device.key")).public_key();
  SECTION("a good one") {
    const auto report = verify_file(directory / "lesson", {{device}, {}, {}});
    INFO(told(report));
    CHECK_FALSE(report.refuted());
    CHECK(report.kind == "lesson");
    for (const auto& [fact, value] : std::map<std::string, std::string>{{"structure", "intact"},
                                                                        {"contents", "intact"},
                                                                        {"device", "known"},
                                                                        {"recording", "signed"},
                                                                        {"continuity", "whole"},
                                                                        {"tail", "signed"}})
      CHECK(value_of(report, fact) == value);
  }
  SECTION("of an unknown device") {
    const auto report = verify_file(directory / "lesson", {{SigningKey::generate().public_key()}, {}, {}});
    CHECK(report.refuted());
    CHECK(value_of(report, "device") == "unknown");
  }
  SECTION("a bit of the media") {
    auto bytes = read_bytes(directory / "lesson/room.video/e000.mp4");
    bytes[bytes.size() / 2] ^= 1;
    write_bytes(directory / "lesson/room.video/e000.mp4", bytes);
    const auto report = verify_file(directory / "lesson");
    CHECK(report.refuted());
    CHECK(value_of(report, "contents") == "altered");
    CHECK(value_of(report, "recording") == "signed");
  }
  SECTION("a bit of the journal") {
    auto bytes = read_bytes(directory / "lesson/journal");
    bytes[bytes.size() / 2] ^= 1;
    write_bytes(directory / "lesson/journal", bytes);
    const auto report = verify_file(directory / "lesson");
    CHECK(report.refuted());
    CHECK(value_of(report, "recording") == "altered");
  }
  SECTION("signatures taken away") {
    write_bytes(directory / "lesson/checkpoints", {});
    const auto report = verify_file(directory / "lesson");
    CHECK(report.refuted());
    CHECK(value_of(report, "recording") == "altered");
  }
  SECTION("lesson.json damaged") {
    write_bytes(directory / "lesson/lesson.json", to_bytes("{}"));
    const auto report = verify_file(directory / "lesson");
    CHECK(report.refuted());
    CHECK(value_of(report, "structure") == "altered");
  }
  SECTION("no lesson at all") {
    CHECK(verify(directory.path(), {}).error().kind == ErrorKind::kNotFound);
    CHECK(verify(directory / "nowhere", {}).error().kind == ErrorKind::kNotFound);
  }
}

TEST_CASE(
    "a clip over what the teacher had deleted is whole, with the deletion told; without it, it is not") {
  TemporaryDirectory directory;
  TinyRecipe recipe;
  const bool declared = GENERATE(true, false);
  recipe.deleted_ms = {{2000, 3000}};
  const auto lesson = write_tiny_lesson(directory / "lesson", directory / "keys", recipe);
  build(request_of(lesson.directory), lesson.keys, directory / "p.zip");
  auto pieces = take_apart(directory / "p.zip");
  if (!declared) {
    // The same clip, with a recording that knows of no deletion.
    recipe.deleted_ms.reset();
    write_tiny_lesson(directory / "silent", directory / "keys", recipe);
    build(request_of(directory / "silent"), lesson.keys, directory / "silent.zip");
    const auto clip = pieces.files.at("data/clips/clip-1/room.mp4");
    pieces = take_apart(directory / "silent.zip");
    pieces.files["data/clips/clip-1/room.mp4"] = clip;
  }
  put_evidence(pieces, evidence_of(pieces));
  pieces.seal(certified(directory / "keys", KeyRole::kSeal));
  pieces.write(directory / "again.zip");
  const auto report = verify_file(directory / "again.zip");
  INFO(told(report));
  CHECK(report.refuted() != declared);
  CHECK(value_of(report, "continuity") == (declared ? "whole-with-declared-gaps" : "altered"));
  CHECK(detail_of(report, "continuity").find(declared ? "(redacted)" : "something was cut out") !=
        std::string::npos);
}

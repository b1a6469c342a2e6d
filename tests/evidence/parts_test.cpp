// Clips over a change of the camera's format, several clips of a lesson, several sources of a clip.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"
#include "tests/bmff/media_fixture.h"
#include "tests/evidence/attack_stage.h"
#include "tests/journal/lesson_fixture.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

TimeRange ms(std::int64_t from, std::int64_t to) {
  return {LessonTime::from_ms(from), LessonTime::from_ms(to)};
}

struct Packed {
  TemporaryDirectory directory;
  std::filesystem::path keys = directory / "keys", lesson = directory / "lesson", file = directory / "p.zip";

  Pieces pack(const TinyRecipe& recipe, const std::vector<ClipRequest>& clips) {
    write_tiny_lesson(lesson, keys, recipe);
    auto request = request_of(lesson);
    request.clips = clips;
    build(request, keys, file);
    const auto report = verify_file(file);
    INFO(told(report));
    CHECK_FALSE(report.refuted());
    return take_apart(file);
  }
};

std::vector<std::string> told_parts(const ClaimedSource& source) {
  std::vector<std::string> parts;
  for (const ClaimedPart& part : source.parts)
    parts.push_back(fmt::format("{} {} {}", part.range.from.ms(), part.range.to.ms(), part.file.file));
  return parts;
}

std::vector<std::string> pictures_of(const Pieces& pieces, const std::string& name,
                                     const TemporaryDirectory& directory) {
  write_bytes(directory / "part.mp4", pieces.files.at(name));
  std::vector<std::string> pictures;
  for (const auto& frame : decode_video(directory / "part.mp4")) pictures.push_back(frame.md5);
  return pictures;
}

}  // namespace

TEST_CASE("a clip over a change of the camera's format is two parts, cut where the new format begins") {
  Packed packed;
  TinyRecipe recipe;
  recipe.change_ms = 2500;  // the next fragment begins at 3 s
  const auto pieces = packed.pack(recipe, {{ms(1000, 4000), {"room"}, "", {}}});
  CHECK(told_parts(evidence_of(pieces).clips[0].sources[0]) ==
        std::vector<std::string>{"1000 3000 data/clips/clip-1/room.mp4",
                                 "3000 4000 data/clips/clip-1/room.2.mp4"});
  CHECK(value_of(verify_file(packed.file), "continuity") == "whole");
  // The sound goes on: the second in which the picture changes stands in both parts (sound of 1.024 s a
  // fragment).
  CHECK(pieces.files.at("data/clips/clip-1/room.2.mp4").size() > 1000);
}

TEST_CASE("a restart with the same parameters makes no part") {
  Packed packed;
  LessonRecipe recipe;
  recipe.keys = packed.keys;
  recipe.sources[0].new_epochs_ms = {5000};
  write_lesson(packed.lesson, recipe);
  auto request = request_of(packed.lesson);
  request.clips[0].range = ms(3000, 8000);
  build(request, packed.keys, packed.file);
  CHECK(evidence_of(take_apart(packed.file)).clips[0].sources[0].parts.size() == 1);
  CHECK(value_of(verify_file(packed.file), "continuity") == "whole");
}

TEST_CASE("the parts of a clip show just the pictures of the clip in one") {
  Packed changed, plain;
  LessonRecipe recipe;
  for (Packed* packed : {&plain, &changed}) {
    recipe.keys = packed->keys;
    recipe.sources[0].new_sizes_ms =
        packed == &changed ? std::vector<std::int64_t>{4500, 7000} : std::vector<std::int64_t>{};
    write_lesson(packed->lesson, recipe);
    auto request = request_of(packed->lesson);
    request.clips[0].range = ms(2300, 9700);
    build(request, packed->keys, packed->file);
    CHECK_FALSE(verify_file(packed->file).refuted());
  }
  const auto whole = pictures_of(take_apart(plain.file), kClip, plain.directory);
  const auto pieces = take_apart(changed.file);
  const auto claims = evidence_of(pieces);
  const auto& parts = claims.clips[0].sources[0].parts;
  REQUIRE(parts.size() == 3);
  std::vector<std::string> together;
  for (const ClaimedPart& part : parts) {
    const auto pictures = pictures_of(pieces, part.file.file, changed.directory);
    together.insert(together.end(), pictures.begin(), pictures.end());
  }
  CHECK(whole.size() == 185);  // 7.4 s of 25 pictures
  CHECK(together == whole);
}

TEST_CASE("a part in which nothing was recorded is joined to the next, and its gap is told") {
  Packed packed;
  TinyRecipe recipe;
  recipe.hole_ms = {{2000, 3900}};  // the fragments from 1 s (sound) or 2 s (picture) to 4 s are gone
  recipe.change_ms = 4000;
  const auto pieces = packed.pack(recipe, {{ms(2500, 5500), {"room"}, "", {}}});
  const auto claims = evidence_of(pieces);
  CHECK(claims.clips[0].sources[0].parts.back().range.to == LessonTime::from_ms(5500));
  CHECK(value_of(verify_file(packed.file), "continuity") == "whole-with-declared-gaps");
}

TEST_CASE("several clips of a lesson and several sources of a clip are each proven") {
  Packed packed;
  TinyRecipe recipe;
  recipe.seconds = 12;
  recipe.sources = {"room", "board"};
  recipe.change_ms = 6000;
  packed.pack(recipe, {{ms(1000, 4000), {"room", "board"}, "", {}},
                       {ms(3000, 9000), {"board", "room"}, "", {}},
                       {ms(10'000, 12'000), {"board"}, "", {}}});
  const auto report = verify_file(packed.file);
  for (int clip = 1; clip <= 3; ++clip) {
    CHECK(value_of(report, "continuity", clip) == "whole");
    CHECK(value_of(report, "marks", clip) == "intact");
  }
}

TEST_CASE("a lesson that the power cut tells how much of it is not signed, and packs what is") {
  Packed packed;
  TinyRecipe recipe;
  recipe.seconds = 8;
  recipe.stop = false;  // signed at 5 s, cut at 8 s
  write_tiny_lesson(packed.lesson, packed.keys, recipe);
  const auto report = verify_file(packed.lesson);
  CHECK_FALSE(report.refuted());
  CHECK(value_of(report, "tail") == "unsigned");
  // The last sound that is whole ends at 8 * 1.024 s: the eighth fragment begins before 8 s.
  CHECK(detail_of(report, "tail").starts_with("recorded, not yet signed: the last 3.2 s ("));
  CHECK(report.integrity().value == "unsigned-tail");
  auto request = request_of(packed.lesson);
  request.clips[0].range = ms(1000, 3000);
  build(request, packed.keys, packed.file);
  CHECK_FALSE(verify_file(packed.file).refuted());
  request.clips[0].range = ms(5000, 7000);
  const auto refused = build_package(request, test::certified(packed.keys, KeyRole::kSeal), ManualClock(),
                                     packed.directory / "no.zip");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kFailedPrecondition);
  CHECK(refused.error().message.find("not yet signed") != std::string::npos);
}

TEST_CASE("the integrity of a package is one word for the worst of its facts") {
  Packed packed;
  TinyRecipe recipe;
  packed.pack(recipe, {{ms(1000, 4000), {"room"}, "", {}}});
  CHECK(verify_file(packed.file).integrity().value == "intact");
  auto pieces = take_apart(packed.file);
  pieces.files.erase("data/documents/document-1.pdf");
  pieces.write(packed.file);
  const auto integrity = verify_file(packed.file).integrity();
  CHECK(integrity.value == "altered");
  CHECK(integrity.detail.find("document-1.pdf") != std::string::npos);
  Packed gapped;
  recipe.hole_ms = {{2100, 2900}};
  gapped.pack(recipe, {{ms(1000, 4000), {"room"}, "", {}}});
  CHECK(verify_file(gapped.file).integrity().value == "intact-with-declared-gaps");
}

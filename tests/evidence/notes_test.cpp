// The teacher's notes as W3C Web Annotations, and files that were made of a clip.

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/evidence/attack_stage.h"
#include "upload/evidence/annotations.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

Evidence two_sources_one_of_two_parts() {
  const auto range = [](std::int64_t from, std::int64_t to) {
    return TimeRange{LessonTime::from_ms(from), LessonTime::from_ms(to)};
  };
  Evidence claims;
  ClaimedClip clip{range(10'000, 20'000), "", {}};
  clip.sources.push_back({"room",
                          {{range(10'000, 13'000), {"data/clips/clip-1/room.mp4", {}, 1}},
                           {range(13'000, 20'000), {"data/clips/clip-1/room.2.mp4", {}, 1}}}});
  clip.sources.push_back({"board", {{range(10'000, 20'000), {"data/clips/clip-1/board.mp4", {}, 1}}}});
  claims.clips = {clip};
  return claims;
}

std::string told_targets(const std::string& text) {
  std::string told;
  const Json json = must(parse_json(text));
  for (const Json& item : json["first"]["items"]) {
    for (const Json& target : item["target"])
      told +=
          target["source"].get<std::string>() + " " + target["selector"]["value"].get<std::string>() + "; ";
  }
  return told;
}

}  // namespace

TEST_CASE("a note points into every file that shows its moment, in that file's own time") {
  const Evidence claims = two_sources_one_of_two_parts();
  const auto targets = [&](std::int64_t at, std::optional<std::int64_t> to) {
    const std::string text = annotations_text(claims, {{1, at, to, "看这里"}});
    CHECK(must(parse_annotations(text, claims)).at(0).at_ms == at);
    return told_targets(text);
  };
  CHECK(targets(500, std::nullopt) == "clips/clip-1/room.mp4 t=0.500; clips/clip-1/board.mp4 t=0.500; ");
  CHECK(targets(3000, std::nullopt) == "clips/clip-1/room.2.mp4 t=0.000; clips/clip-1/board.mp4 t=3.000; ");
  CHECK(targets(9999, std::nullopt) == "clips/clip-1/room.2.mp4 t=6.999; clips/clip-1/board.mp4 t=9.999; ");
  CHECK(targets(4000, 5500) ==
        "clips/clip-1/room.2.mp4 t=1.000,2.500; clips/clip-1/board.mp4 t=4.000,5.500; ");
  // It begins in a part that ends at 3 s: there it ends everywhere.
  CHECK(targets(2000, 5000) == "clips/clip-1/room.mp4 t=2.000,3.000; clips/clip-1/board.mp4 t=2.000,3.000; ");
}

TEST_CASE("the notes are a W3C annotation collection") {
  const Json json = must(parse_json(
      annotations_text(two_sources_one_of_two_parts(), {{1, 500, std::nullopt, "第一句\n\"引\""}})));
  CHECK(json["@context"] == "http://www.w3.org/ns/anno.jsonld");
  CHECK(json["type"] == "AnnotationCollection");
  CHECK(json["total"] == 1);
  const Json note = json["first"]["items"][0];
  CHECK(json["first"]["type"] == "AnnotationPage");
  CHECK(note["type"] == "Annotation");
  CHECK(note["motivation"] == "commenting");
  CHECK(note["body"]["type"] == "TextualBody");
  CHECK(note["body"]["value"] == "第一句\n\"引\"");
  CHECK(note["target"][0]["selector"]["conformsTo"] == "http://www.w3.org/TR/media-frags/");
}

TEST_CASE("notes that we do not write are refused") {
  const Evidence claims = two_sources_one_of_two_parts();
  const std::string good = annotations_text(claims, {{1, 500, 900, "a"}});
  REQUIRE(parse_annotations(good, claims));
  const auto with = [&](const std::string& old, const std::string& text) {
    std::string bad = good;
    return bad.replace(bad.find(old), old.size(), text);
  };
  for (const std::string& bad :
       {std::string(), good + " ", with("t=0.500", "t=0.501"), with("t=0.500,0.900", "t=0.900,0.500"),
        with("t=0.500,0.900", "t=99.000"), with("room.mp4", "../room.mp4"),
        with("\"total\":1", "\"total\":2"), with("\"a\"", "\"\""), with("commenting", "assessing"),
        with("note-1", "note-2"), with("clips/clip-1/room.mp4", "evidence.json")}) {
    INFO(bad);
    CHECK(parse_annotations(bad, claims).error().kind == ErrorKind::kCorrupted);
  }
}

TEST_CASE("a note outside its clip, without a word or with too many is refused when it is packed") {
  Stage stage;
  auto request = request_of(stage.lesson);
  const auto refused = [&](NoteRequest note) {
    request.clips[0].notes = {std::move(note)};
    const auto built = build_package(request, stage.seal_key(), ManualClock(), stage.bad);
    REQUIRE_FALSE(built);
    CHECK(built.error().kind == ErrorKind::kInvalidArgument);
    CHECK_FALSE(std::filesystem::exists(stage.bad));
  };
  refused({LessonTime::from_ms(999), std::nullopt, "early"});
  refused({LessonTime::from_ms(4000), std::nullopt, "late"});
  refused({LessonTime::from_ms(2000), LessonTime::from_ms(4001), "too long"});
  refused({LessonTime::from_ms(2000), LessonTime::from_ms(2000), "empty"});
  refused({LessonTime::from_ms(2000), std::nullopt, ""});
  refused({LessonTime::from_ms(2000), std::nullopt, std::string(kMaxNoteBytes + 1, 'x')});
}

TEST_CASE("notes are sealed with the package and stand in no other file") {
  Stage stage;
  auto request = request_of(stage.lesson);
  request.clips[0].notes = {{LessonTime::from_ms(2500), std::nullopt, "这里学生提问了"}};
  build(request, stage.keys, stage.bad);
  CHECK_FALSE(verify_file(stage.bad).refuted());
  const auto pieces = take_apart(stage.bad);
  CHECK(told_targets(std::string(as_text(pieces.files.at("data/annotations.jsonld")))) ==
        "clips/clip-1/room.mp4 t=1.500; ");
  for (const auto& [name, bytes] : pieces.files) {
    if (name != "data/annotations.jsonld") CHECK(as_text(bytes).find("学生提问") == std::string_view::npos);
  }
}

TEST_CASE("a derivative is declared with its origin and recipe, and proves nothing") {
  Stage stage;
  auto request = request_of(stage.lesson);
  const auto film = stage.directory / "card.mp4";
  Bytes bytes;
  put_u32(bytes, 24);
  put_bytes(bytes, to_bytes("ftypisom0000isomiso2 and a title card"));
  write_bytes(film, bytes);
  SECTION("of a clip") {
    request.derived = {{film, 1, "room", 1, "{\"ffmpeg\":\"-vf drawtext\"}"}};
    build(request, stage.keys, stage.bad);
    const auto report = verify_file(stage.bad);
    INFO(told(report));
    CHECK_FALSE(report.refuted());
    CHECK(value_of(report, "derivative") == "declared");
    CHECK(detail_of(report, "derivative") ==
          "data/derived/derived-1.mp4 was made of data/clips/clip-1/room.mp4 ({\"ffmpeg\":\"-vf "
          "drawtext\"}); it is not proven itself");
    for (const Fact& fact : report.facts) CHECK((fact.fact != "derivative" || (!fact.good && !fact.bad)));
    const auto pieces = take_apart(stage.bad);
    CHECK(pieces.files.at("data/derived/derived-1.mp4") == bytes);
    CHECK(evidence_of(pieces).derived.at(0).from_sha256 == sha256(pieces.files.at(kClip)));
  }
  SECTION("of a clip that is not there") {
    request.derived = {{film, 2, "", 1, "blurred"}};
  }
  SECTION("of a source that is not in the clip") {
    request.derived = {{film, 1, "board", 1, "blurred"}};
  }
  SECTION("without a recipe") {
    request.derived = {{film, 1, "", 1, ""}};
  }
  SECTION("that is not what its name says") {
    write_bytes(film, to_bytes("just text"));
    request.derived = {{film, 1, "", 1, "blurred"}};
  }
  if (std::filesystem::exists(stage.bad)) return;
  const auto refused = build_package(request, stage.seal_key(), ManualClock(), stage.bad);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("an MP4 is no document") {
  Stage stage;
  Bytes bytes;
  put_u32(bytes, 24);
  put_bytes(bytes, to_bytes("ftypisom0000isomiso2"));
  write_bytes(stage.directory / "film.mp4", bytes);
  CHECK(document_type(stage.directory / "film.mp4", "film.mp4").error().kind == ErrorKind::kInvalidArgument);
}

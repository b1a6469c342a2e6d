// Packages as they are built, looked at with tools that are not ours.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "firmware/base/json_io.h"
#include "firmware/base/sealed_box.h"
#include "tests/base/test_keys.h"
#include "tests/bmff/media_fixture.h"
#include "tests/evidence/evidence_fixture.h"
#include "tests/journal/lesson_fixture.h"
#include "upload/evidence/evidence_json.h"
#include "upload/evidence/package_reader.h"
#include "upload/evidence/web_vtt.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

// Standard output of a shell line; a line that fails throws.
std::string shell(const std::string& line) {
  return run_tool({"bash", "-c", "set -euo pipefail; " + line});
}

struct Packed {
  TemporaryDirectory directory;
  std::filesystem::path keys = directory / "keys";
  std::filesystem::path lesson = directory / "lesson";
  std::filesystem::path file = directory / "p.zip";
};

Mark mark_at(std::int64_t ms, const std::string& id) {
  Mark mark;
  mark.id = id;
  mark.point = "A6";
  mark.at = LessonTime::from_ms(ms);
  mark.look_back = std::chrono::seconds(1);
  mark.look_ahead = std::chrono::seconds(1);
  return mark;
}

}  // namespace

TEST_CASE("a package of a real lesson is proven in every fact") {
  Packed packed;
  LessonRecipe recipe;
  recipe.sources.push_back({.name = "board", .sound = false});
  recipe.keys = packed.keys;
  write_lesson(packed.lesson, recipe);
  auto request = request_of(packed.lesson);
  request.clips = {
      {{LessonTime::from_ms(1300), LessonTime::from_ms(7040)}, {"room", "board"}, "课堂实录片段", {}},
      {{LessonTime::from_ms(8000), LessonTime::from_ms(12'000)}, {"room"}, "课堂实录片段", {}}};
  const auto built = build(request, packed.keys, packed.file);
  const auto device = must(SigningKey::load(packed.keys / "device.key")).public_key();
  const auto report = verify_file(packed.file, {{device}, {}, {}});
  INFO(told(report));
  CHECK_FALSE(report.refuted());
  CHECK(value_of(report, "structure") == "intact");
  CHECK(value_of(report, "contents") == "intact");
  CHECK(value_of(report, "seal") == "valid");
  CHECK(value_of(report, "device") == "known");
  CHECK(value_of(report, "recording") == "signed");
  CHECK(value_of(report, "continuity", 1) == "whole");
  CHECK(value_of(report, "continuity", 2) == "whole");
  CHECK(value_of(report, "teacher") == "asserted");
  CHECK(value_of(report, "identity") == "absent");
  CHECK(value_of(report, "receipt") == "absent");
  CHECK(report.sha256 == built.sha256);
  CHECK(report.size_bytes == built.size_bytes);
}

TEST_CASE("unzip, python, sha256sum and openssl accept the package") {
  Packed packed;
  write_tiny_lesson(packed.lesson, packed.keys);
  auto request = request_of(packed.lesson);
  request.identity_key = BoxKeyPair::generate().public_key;
  const auto built = build(request, packed.keys, packed.file);
  const std::string zip = packed.file.string(), out = (packed.directory / "out").string();
  CHECK(shell("sha256sum " + zip).substr(0, 64) == to_hex(built.sha256));
  CHECK(shell("unzip -tq " + zip).find("No errors detected") != std::string::npos);
  CHECK(shell("python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), "
              "len(z.namelist()), "
              "{(i.compress_type, i.external_attr >> 16, i.create_system, i.date_time) for i in "
              "z.infolist()})' " +
              zip) == "None 16 {(0, 33188, 3, (1980, 1, 1, 0, 0, 0))}\n");
  shell("unzip -q " + zip + " -d " + out);
  const std::string bag = out + "/" + built.name;
  CHECK(shell("cd " + bag + "; sha256sum -c --strict manifest-sha256.txt | grep -c ': OK$'") == "6\n");
  CHECK(shell("cd " + bag + "; sha256sum -c --strict tagmanifest-sha256.txt | grep -c ': OK$'") == "7\n");
  CHECK(shell("cd " + bag + "; find . -type f | wc -l") == "16\n");
  // By hand as docs/ref/signatures.md shows it: the seal, and the device's word for its key.
  const auto openssl_verifies = [&](const std::string& envelope, const std::string& key) {
    return shell("cd " + packed.directory.path().string() + "; jq -r .payload " + envelope +
                 " | base64 -d > payload; T=$(jq -j .payloadType " + envelope +
                 "); { printf 'DSSEv1 %d %s %d ' ${#T} \"$T\" $(stat -c %s payload); cat payload; } > pae; "
                 "jq -r '.signatures[0].sig' " +
                 envelope + " | base64 -d > sig; openssl pkeyutl -verify -pubin -inkey " + key +
                 " -rawin -in pae -sigfile sig");
  };
  shell("cd " + packed.directory.path().string() + "; jq -r .payload " + bag +
        "/seal-certificate.json | base64 -d | jq -j .key_pem > seal.pem");
  CHECK(openssl_verifies(bag + "/seal.json", "seal.pem") == "Signature Verified Successfully\n");
  shell("openssl pkey -in " + packed.keys.string() + "/device.key -pubout -out " +
        (packed.directory / "device.pem").string());
  CHECK(openssl_verifies(bag + "/seal-certificate.json", "device.pem") ==
        "Signature Verified Successfully\n");
  CHECK(shell("cd " + bag +
              "; jq -r .payload seal.json | base64 -d | jq -r .tagmanifest_sha256; sha256sum < "
              "tagmanifest-sha256.txt | cut -c-64 | uniq") ==
        shell("cd " + bag + "; sha256sum < tagmanifest-sha256.txt | cut -c-64 | sed p"));
}

TEST_CASE("the same request gives the same bytes") {
  Packed packed;
  write_tiny_lesson(packed.lesson, packed.keys);
  const auto first = build(request_of(packed.lesson), packed.keys, packed.file);
  const auto second = build(request_of(packed.lesson), packed.keys, packed.directory / "again.zip");
  CHECK(read_bytes(first.file) == read_bytes(second.file));
  CHECK(first.sha256 == second.sha256);
}

TEST_CASE("the digests of the package and of its blocks are those of the file") {
  Packed packed;
  LessonRecipe recipe;
  recipe.keys = packed.keys;
  recipe.duration_ms = 36'000;
  write_lesson(packed.lesson, recipe);
  auto request = request_of(packed.lesson);
  request.clips[0].range = {LessonTime::from_ms(0), LessonTime::from_ms(36'000)};
  const auto built = build(request, packed.keys, packed.file);
  const std::string zip = packed.file.string();
  CHECK(fmt::format("{}\n", built.size_bytes) == shell("stat -c %s " + zip));
  std::string blocks;
  for (const Digest& block : built.blocks) blocks += to_hex(block) + "\n";
  CHECK(blocks ==
        shell(fmt::format(
            "for ((at = 0; at * 8388608 < {}; ++at)); do dd if={} bs=8388608 skip=$at count=1 status=none | "
            "sha256sum | cut -c-64; done",
            built.size_bytes, zip)));
}

TEST_CASE("a clip in the package shows just the pictures of its range") {
  Packed packed;
  LessonRecipe recipe;
  recipe.keys = packed.keys;
  write_lesson(packed.lesson, recipe);
  auto request = request_of(packed.lesson);
  request.clips[0].range = {LessonTime::from_ms(3000), LessonTime::from_ms(5000)};
  build(request, packed.keys, packed.file);
  const auto pieces = take_apart(packed.file);
  write_bytes(packed.directory / "clip.mp4", pieces.files.at("data/clips/clip-1/room.mp4"));
  // The footage has 25 pictures a second.
  CHECK(decode_video(packed.directory / "clip.mp4").size() == 50);
}

TEST_CASE("no readable part of a package says who the teacher is") {
  Packed packed;
  write_tiny_lesson(packed.lesson, packed.keys);
  auto request = request_of(packed.lesson);
  request.identity_key = BoxKeyPair::generate().public_key;
  build(request, packed.keys, packed.file);
  const Bytes bytes = read_bytes(packed.file);
  const std::string_view text = as_text(bytes);
  for (const std::string_view word : {"王老师", "实验中学", "T001", "07070707"}) {
    INFO(word);
    CHECK(text.find(word) == text.npos);
  }
  CHECK(text.find("勾股定理") != text.npos);
}

TEST_CASE("the platform opens the identity and learns whether that teacher had signed in") {
  Packed packed;
  const auto keys = BoxKeyPair::generate();
  TinyRecipe recipe;
  const bool signed_in = GENERATE(false, true);
  if (signed_in) recipe.signed_in = teacher_wang();
  write_tiny_lesson(packed.lesson, packed.keys, recipe);
  auto request = request_of(packed.lesson);
  request.identity_key = keys.public_key;
  build(request, packed.keys, packed.file);
  const auto opened = must(open_identity(packed.file, keys));
  CHECK(opened.teacher_id == "T001");
  CHECK(opened.signed_in == signed_in);
  const auto json = must(parse_json(opened.json));
  CHECK(json["fields"]["姓名"] == "王老师");
  CHECK(json["salt"] == to_hex(ByteView(teacher_wang().salt)));
  const auto report = verify_file(packed.file);
  CHECK(value_of(report, "teacher") == (signed_in ? "signed-in" : "asserted"));
  CHECK(value_of(report, "identity") == "sealed");
  CHECK_FALSE(report.refuted());
  CHECK(open_identity(packed.file, BoxKeyPair::generate()).error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("the assessor's copy holds without the identity and has everything else byte for byte") {
  Packed packed;
  write_tiny_lesson(packed.lesson, packed.keys);
  auto request = request_of(packed.lesson);
  request.identity_key = BoxKeyPair::generate().public_key;
  build(request, packed.keys, packed.file);
  const auto copy = packed.directory / "copy.zip";
  must(write_assessor_copy(packed.file, copy));
  const auto report = verify_file(copy);
  INFO(told(report));
  CHECK_FALSE(report.refuted());
  CHECK(value_of(report, "identity") == "withheld");
  CHECK(value_of(report, "seal") == "valid");
  auto expected = take_apart(packed.file);
  expected.files.erase("identity.box");
  CHECK(take_apart(copy).files == expected.files);
  CHECK(shell("unzip -tq " + copy.string()).find("No errors detected") != std::string::npos);
}

TEST_CASE("the marks inside each clip are told in the clip's time") {
  Packed packed;
  TinyRecipe recipe;
  recipe.marks = {mark_at(1500, "0191e6a2-0000-7000-8000-000000000001"), mark_at(5500, "not-a-uuid\n-->"),
                  mark_at(3900, "0191e6a2-0000-7000-8000-000000000003")};
  write_tiny_lesson(packed.lesson, packed.keys, recipe);
  auto request = request_of(packed.lesson);
  request.clips.push_back({{LessonTime::from_ms(4500), LessonTime::from_ms(6000)}, {"room"}, "", {}});
  build(request, packed.keys, packed.file);
  const auto pieces = take_apart(packed.file);
  CHECK(as_text(pieces.files.at("data/marks.vtt")) ==
        "WEBVTT\n"
        "\n0191e6a2-0000-7000-8000-000000000001\n00:00:00.000 --> "
        "00:00:01.500\n{\"at_ms\":500,\"point\":\"A6\"}\n"
        "\n0191e6a2-0000-7000-8000-000000000003\n00:00:01.900 --> "
        "00:00:03.000\n{\"at_ms\":2900,\"point\":\"A6\"}\n");
  CHECK(as_text(pieces.files.at("data/marks-2.vtt")) ==
        "WEBVTT\n"
        "\n0191e6a2-0000-7000-8000-000000000003\n00:00:00.000 --> "
        "00:00:00.400\n{\"at_ms\":-600,\"point\":\"A6\"}\n"
        "\nmark-2\n00:00:00.000 --> 00:00:01.500\n{\"at_ms\":1000,\"point\":\"A6\"}\n");
  CHECK(must(parse_web_vtt(as_text(pieces.files.at("data/marks-2.vtt")))).size() == 2);
  // ffprobe reads WebVTT too.
  write_bytes(packed.directory / "m.vtt", pieces.files.at("data/marks.vtt"));
  CHECK(shell("ffprobe -v error -show_entries packet=pts_time,duration_time -of default=nk=1:nw=1 " +
              (packed.directory / "m.vtt").string()) == "0.000000\n1.500000\n1.900000\n1.100000\n");
}

TEST_CASE("what cannot be packed is refused with a sentence, and nothing is left behind") {
  Packed packed;
  TinyRecipe recipe;
  recipe.sources = {"room", "board"};
  write_tiny_lesson(packed.lesson, packed.keys, recipe);
  auto request = request_of(packed.lesson);
  std::filesystem::path keys = packed.keys;
  ErrorKind kind = ErrorKind::kInvalidArgument;
  std::string says;
  SECTION("a clip beyond the end") {
    request.clips[0].range.to = LessonTime::from_ms(7000);
    says = "reaches outside the lesson, which has 6.000 s";
  }
  SECTION("a clip before the beginning") {
    request.clips[0].range.from = LessonTime::from_ms(-1);
    says = "reaches outside the lesson";
  }
  SECTION("a clip of nothing") {
    request.clips[0].range.to = request.clips[0].range.from;
    says = "is empty";
  }
  SECTION("a border between milliseconds") {
    request.clips[0].range.from.ns += 1;
    says = "whole milliseconds";
  }
  SECTION("a source that the lesson has not") {
    request.clips[0].sources = {"roof"};
    says = "no source \"roof\"; it has room, board";
  }
  SECTION("a source twice") {
    request.clips[0].sources = {"room", "room"};
    says = "names a source twice";
  }
  SECTION("no clip") {
    request.clips.clear();
    says = "at least one clip";
  }
  SECTION("a text that calls itself PDF") {
    write_bytes(packed.directory / "plan.pdf", to_bytes("just text"));
    request.documents[0] = {"教学设计", packed.directory / "plan.pdf", ""};
    says = "calls itself a PDF, but inside it is a text file";
  }
  SECTION("a document that is not there") {
    request.documents[0].file = packed.directory / "nowhere.pdf";
    kind = ErrorKind::kNotFound;
    says = "nowhere.pdf";
  }
  SECTION("a lesson that is not there") {
    request.lesson = packed.directory / "nowhere";
    kind = ErrorKind::kNotFound;
    says = "is not the folder of a lesson";
  }
  SECTION("keys of another device") {
    keys = packed.directory / "other";
    kind = ErrorKind::kFailedPrecondition;
    says = "with the keys of the device that recorded it";
  }
  SECTION("media that are not those of the journal") {
    const auto file = packed.lesson / "room.video/e000.mp4";
    auto bytes = read_bytes(file);
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    kind = ErrorKind::kCorrupted;
    says = "room.video";
  }
  SECTION("a journal whose signatures are gone") {
    std::filesystem::resize_file(packed.lesson / "checkpoints", 0);
    kind = ErrorKind::kFailedPrecondition;
    says = "not yet signed";
  }
  SECTION("a place that cannot be written") {
    const auto built = build_package(request, test::certified(keys, KeyRole::kSeal), ManualClock(),
                                     packed.directory / "nowhere/p.zip");
    CHECK(built.error().kind == ErrorKind::kNotFound);
    return;
  }
  const auto built =
      build_package(request, test::certified(keys, KeyRole::kSeal), ManualClock(), packed.file);
  REQUIRE_FALSE(built);
  INFO(built.error().message);
  CHECK(built.error().kind == kind);
  CHECK(built.error().message.find(says) != std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(packed.directory.path()))
    CHECK(entry.path().filename().string().find("p.zip") == std::string::npos);
}

TEST_CASE("a hole that nobody declared cannot be packed") {
  Packed packed;
  TinyRecipe recipe;
  recipe.hole_ms = {{2100, 2900}};
  recipe.hole_declared = GENERATE(true, false);
  write_tiny_lesson(packed.lesson, packed.keys, recipe);
  const auto built = build_package(request_of(packed.lesson), test::certified(packed.keys, KeyRole::kSeal),
                                   ManualClock(), packed.file);
  if (recipe.hole_declared) {
    REQUIRE(built);
    const auto report = verify_file(packed.file);
    INFO(told(report));
    CHECK_FALSE(report.refuted());
    CHECK(value_of(report, "continuity") == "whole-with-declared-gaps");
    CHECK(detail_of(report, "continuity").find("room.video 2.000 s to 3.000 s (source-lost)") !=
          std::string::npos);
  } else {
    REQUIRE_FALSE(built);
    INFO(built.error().message);
    CHECK(built.error().kind == ErrorKind::kCorrupted);
    CHECK(built.error().message.find("no gap is declared there") != std::string::npos);
  }
}

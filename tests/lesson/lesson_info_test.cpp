#include "firmware/lesson/lesson_info.h"

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"

namespace shilu {
namespace {

LessonInfo example() {
  LessonInfo info;
  info.lesson_id = "01932d3a-7c11-7aaa-8bbb-0123456789ab";
  info.boot_id = "5f0e1d2c-0000-4000-8000-000000000001";
  info.start_monotonic.ns = 123'456'789'012;
  info.start_wall = wall_from_rfc3339("2026-11-21T08:00:00.123Z").value();
  info.clock = {true, 4};
  info.sources = {{"room", "rtsp", true}, {"board", "screen", false}};
  info.recording_certificate =
      R"({"payloadType":"t","payload":"e30=","signatures":[{"keyid":"k","sig":"eA=="}]})";
  info.software = "shilu 0.1.0";
  return info;
}

TEST_CASE("lesson.json is written to the letter") {
  CHECK(
      example().to_json() ==
      R"({"boot_id":"5f0e1d2c-0000-4000-8000-000000000001","clock":{"error_ms":4,"synchronised":true},)"
      R"("format":"shilu-lesson/1","lesson_id":"01932d3a-7c11-7aaa-8bbb-0123456789ab",)"
      R"("recording_certificate":{"payload":"e30=","payloadType":"t","signatures":[{"keyid":"k","sig":"eA=="}]},)"
      R"("software":"shilu 0.1.0","sources":[{"kind":"rtsp","name":"room","required":true},)"
      R"({"kind":"screen","name":"board","required":false}],"start_monotonic_ns":123456789012,)"
      R"("start_utc":"2026-11-21T08:00:00.123Z"})");
}

TEST_CASE("lesson.json comes back as it was written") {
  auto info = example();
  info.planned_ms = 2'700'000;
  const auto text = info.to_json();
  const auto back = LessonInfo::from_json(text);
  REQUIRE(back);
  CHECK(back->to_json() == text);
  CHECK(back->planned_ms == 2'700'000);
  CHECK(back->sources.size() == 2);
  CHECK_FALSE(back->sources[1].required);
  CHECK(back->start_wall == info.start_wall);
}

TEST_CASE("a lesson.json that lacks or spoils a member is corrupted") {
  const auto good = parse_json(example().to_json()).value();
  const auto expect_corrupted = [](const Json& json) {
    INFO(json.dump());
    const auto info = LessonInfo::from_json(canonical_json(json));
    REQUIRE_FALSE(info);
    CHECK(info.error().kind == ErrorKind::kCorrupted);
  };
  for (const auto& [name, value] : good.items()) {
    auto json = good;
    json.erase(name);
    expect_corrupted(json);
    json[name] = Json::array({1, 2});
    if (name != "sources") expect_corrupted(json);
    json[name] = nullptr;
    expect_corrupted(json);
  }
  auto json = good;
  json["format"] = "shilu-lesson/2";
  expect_corrupted(json);
  json = good;
  json["lesson_id"] = "../../etc";
  expect_corrupted(json);
  json = good;
  json["sources"][0]["name"] = "a/b";
  expect_corrupted(json);
  json = good;
  json["sources"][1]["name"] = "room";
  expect_corrupted(json);
  json = good;
  json["start_utc"] = "yesterday";
  expect_corrupted(json);
  CHECK_FALSE(LessonInfo::from_json(""));
  CHECK_FALSE(LessonInfo::from_json("{"));
}

TEST_CASE("a certificate that is no JSON makes a lesson.json that is refused") {
  auto info = example();
  info.recording_certificate = "not JSON";
  CHECK_FALSE(LessonInfo::from_json(info.to_json()));
}

TEST_CASE("a lesson has at most 64 sources") {
  auto info = example();
  info.sources.clear();
  for (int i = 0; i < 64; ++i) info.sources.push_back({"s" + std::to_string(i), "rtsp", true});
  CHECK(LessonInfo::from_json(info.to_json()));
  info.sources.push_back({"one-more", "rtsp", true});
  CHECK(LessonInfo::from_json(info.to_json()).error().kind == ErrorKind::kCorrupted);
}

}  // namespace
}  // namespace shilu

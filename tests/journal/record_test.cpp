#include "capture/journal/record.h"

#include <catch2/catch.hpp>
#include <random>

#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

FragmentRecord example_fragment() {
  FragmentRecord f;
  f.track = 0x0102;
  f.epoch = 0x0304;
  f.flags = kKey | kClockSuspect;
  f.sequence = 0x05060708;
  f.size = 0x090a0b0c;
  f.offset = 0x0d0e0f1011121314;
  f.start_ticks = -2;
  f.duration_ticks = 0x1516;
  f.samples = 25;
  f.samples_expected = 26;
  f.fragment_sha256 = sha256("abc");
  f.payload_sha256 = sha256("");
  return f;
}

// CRC-32 as python3's zlib.crc32 gives it.
TEST_CASE("a fragment record is written to the letter") {
  const std::string body =
      "0101"
      "0102"
      "0304"
      "0009"
      "05060708"
      "090a0b0c"
      "0d0e0f1011121314"
      "fffffffffffffffe"
      "0000000000001516"
      "00000019"
      "0000001a"
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  CHECK(to_hex(encode(example_fragment())) == "000000708d0f4ab7" + body);
}

Record event(std::int64_t at_ns, EventBody body) {
  return EventRecord{LessonTime{at_ns}, std::move(body)};
}

Mark example_mark(std::optional<std::string> point) {
  Mark mark;
  mark.id = "0190a0b0-0000-4000-8000-000000000001";
  mark.point = std::move(point);
  mark.at = LessonTime{1'500'000'000};
  return mark;
}

std::vector<std::pair<Record, std::string>> examples() {
  EpochEvent video{0, "room.video", 1, "avc1.64001f", 90'000, 1280, 720, 0, 0, 3'600, 700, sha256("abc")};
  EpochEvent sound{1, "room.audio", 0, "mp4a.40.2", 48'000, 0, 0, 48'000, 2, 1'024, 600, sha256("")};
  const std::string abc = to_hex(sha256("abc"));
  const std::string empty = to_hex(sha256(""));
  return {
      {event(5, video), R"({"at_ns":5,"codec":"avc1.64001f","epoch":1,"event":"epoch","header_sha256":")" +
                            abc +
                            R"(","header_size":700,"height":720,"name":"room.video","nominal_ticks":3600,)"
                            R"("timescale":90000,"track":0,"width":1280})"},
      {event(-7, sound),
       R"({"at_ns":-7,"channels":2,"codec":"mp4a.40.2","epoch":0,"event":"epoch","header_sha256":")" + empty +
           R"(","header_size":600,"name":"room.audio","nominal_ticks":1024,)"
           R"("sample_rate":48000,"timescale":48000,"track":1})"},
      {event(0, StartEvent{"2026-11-21T08:00:00.000Z"}),
       R"({"at_ns":0,"event":"start","utc":"2026-11-21T08:00:00.000Z"})"},
      {event(0, MarkEvent{example_mark("A6")}),
       R"({"at_ns":1500000000,"event":"mark","id":"0190a0b0-0000-4000-8000-000000000001",)"
       R"("look_ahead_ms":60000,"look_back_ms":60000,"point":"A6"})"},
      {event(0, MarkEvent{example_mark(std::nullopt)}),
       R"({"at_ns":1500000000,"event":"mark","id":"0190a0b0-0000-4000-8000-000000000001",)"
       R"("look_ahead_ms":60000,"look_back_ms":60000,"point":null})"},
      {event(9, MarkUndoneEvent{"x"}), R"({"at_ns":9,"event":"mark-undone","id":"x"})"},
      {event(9, GapEvent{"room.video", LessonTime{3}, LessonTime{8}, "source-lost"}),
       R"({"at_ns":9,"event":"gap","from_ns":3,"reason":"source-lost","to_ns":8,"track":"room.video"})"},
      {event(9, ClockEvent{"2026-11-21T08:00:00.000Z", true, 12}),
       R"({"at_ns":9,"error_ms":12,"event":"clock","synchronised":true,"utc":"2026-11-21T08:00:00.000Z"})"},
      {event(9, SignInEvent{sha256("abc")}),
       R"({"at_ns":9,"event":"sign-in","subject_sha256":")" + abc + R"("})"},
      {event(9, RecoveredEvent{100, 7}), R"({"at_ns":9,"event":"recovered","lost_bytes":100,"records":7})"},
      {event(9, RebaseEvent{"b-2", MonotonicTime{-5}, true, 40, "reboot"}),
       R"({"at_ns":9,"boot_id":"b-2","error_ms":40,"event":"rebase","reason":"reboot","start_monotonic_ns":-5,"synchronised":true})"},
      {event(9, PrivateBeginEvent{}), R"({"at_ns":9,"event":"private-begin"})"},
      {event(9, PrivateEvent{LessonTime{3}, LessonTime{8}}),
       R"({"at_ns":9,"event":"private","from_ns":3,"to_ns":8})"},
      {event(9, StoppingEvent{8, "user"}),
       R"({"at_ns":9,"duration_ms":8,"event":"stopping","reason":"user"})"},
      {event(9, ContinuedEvent{LessonTime{3}, LessonTime{8}}),
       R"({"at_ns":9,"event":"continued","from_ns":3,"to_ns":8})"},
      {event(9, ExtendedEvent{300}), R"({"at_ns":9,"event":"extended","planned_ms":300})"},
      {event(9, RedactionEvent{LessonTime{3},
                               LessonTime{8},
                               sha256("abc"),
                               true,
                               {{"room.video", 1, 2, LessonTime{2}, LessonTime{9}}}}),
       R"({"after_stop":true,"at_ns":9,"event":"redaction","from_ns":3,"stretches":[{"first":1,"from_ns":2,"last":2,"to_ns":9,"track":"room.video"}],"subject_sha256":")" +
           abc + R"(","to_ns":8})"},
      {event(9, RedactionDoneEvent{false}), R"({"after_stop":false,"at_ns":9,"event":"redaction-done"})"},
      {event(9, StopEvent{2'400'000, "user"}),
       R"({"at_ns":9,"duration_ms":2400000,"event":"stop","reason":"user"})"}};
}

TEST_CASE("events are written to the letter and come back") {
  for (const auto& [record, json] : examples()) {
    INFO(json);
    const auto bytes = encode(record);
    Bytes body{2, 1};
    put_bytes(body, as_bytes(json));
    Bytes expected;
    put_u32(expected, static_cast<std::uint32_t>(body.size()));
    put_u32(expected, crc32(body));
    put_bytes(expected, body);
    REQUIRE(as_text(bytes) == as_text(expected));
    const auto back = decode(bytes);
    REQUIRE(back);
    REQUIRE(back->has_value());
    CHECK((*back)->size == bytes.size());
    CHECK(encode((*back)->record) == bytes);
  }
}

TEST_CASE("a fragment record comes back") {
  const auto bytes = encode(example_fragment());
  const auto back = decode(bytes).value();
  REQUIRE(back);
  CHECK(encode(back->record) == bytes);
  CHECK(std::get<FragmentRecord>(back->record).start_ticks == -2);
}

TEST_CASE("a mark comes back with its press") {
  const auto back = decode(encode(event(99, MarkEvent{example_mark("A6")}))).value();
  const auto& record = std::get<EventRecord>(back->record);
  CHECK(record.at.ns == 1'500'000'000);
  CHECK(std::get<MarkEvent>(record.body).mark.at.ns == 1'500'000'000);
}

// A record with a right CRC around any body.
Bytes framed(ByteView body) {
  Bytes bytes;
  put_u32(bytes, static_cast<std::uint32_t>(body.size()));
  put_u32(bytes, crc32(body));
  put_bytes(bytes, body);
  return bytes;
}
Bytes framed_event(std::string_view json) {
  Bytes body{2, 1};
  put_bytes(body, as_bytes(json));
  return framed(body);
}

TEST_CASE("an event of a later version is kept by its name") {
  const auto back = decode(framed_event(R"({"at_ns":4,"event":"fire-drill","x":1})")).value();
  REQUIRE(back);
  CHECK(std::get<OtherEvent>(std::get<EventRecord>(back->record).body).name == "fire-drill");
}

TEST_CASE("the journal ends at the first record that is not complete and sound") {
  for (const auto& [record, json] : examples()) {
    const auto good = encode(record);
    for (std::size_t size = 0; size < good.size(); ++size) {
      const auto result = decode(ByteView(good).first(size));
      REQUIRE(result);
      REQUIRE_FALSE(result->has_value());
    }
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (const unsigned bit : {1u, 2u, 4u, 8u, 16u, 32u, 64u, 128u}) {
        auto bytes = good;
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ bit);
        const auto result = decode(bytes);
        REQUIRE(result);
        REQUIRE_FALSE(result->has_value());
      }
    }
  }
  CHECK_FALSE(decode(Bytes(4'096, 0)).value());  // zeros are not a record
  CHECK_FALSE(decode(Bytes(16, 0xff)).value());
}

TEST_CASE("a length of more than a mebibyte ends the journal") {
  Bytes body(kMaxRecordBody + 1, ' ');
  body[0] = 2;
  body[1] = 1;
  CHECK_FALSE(decode(framed(body)).value());
}

void require_corrupted(const Bytes& bytes) {
  const auto result = decode(bytes);
  REQUIRE_FALSE(result);
  REQUIRE(result.error().kind == ErrorKind::kCorrupted);
  REQUIRE_FALSE(result.error().message.empty());
}

TEST_CASE("a sound CRC around a body that nobody writes is corruption") {
  require_corrupted(framed(Bytes{1}));
  require_corrupted(framed(Bytes{2}));
  require_corrupted(framed(Bytes{3, 1, '{', '}'}));
  require_corrupted(framed(Bytes{2, 2, '{', '}'}));
  require_corrupted(framed(Bytes(111, 1)));
  require_corrupted(framed(Bytes(113, 1)));
  for (const auto* json :
       {"", "{", "[]", "{}", R"({"event":"stop"})", R"({"event":1,"at_ns":1})",
        R"({"at_ns":1.5,"event":"x"})", R"({"at_ns":9223372036854775808,"event":"x"})",
        R"({"at_ns":9000000000000000000,"event":"x"})", R"({"at_ns":1,"at_ns":2,"event":"x"})"}) {
    INFO(json);
    require_corrupted(framed_event(json));
  }
}

TEST_CASE("an event that lacks or spoils a member is corruption") {
  for (const auto& [record, text] : examples()) {
    const auto good = parse_json(text).value();
    for (const auto& [name, value] : good.items()) {
      INFO(text << " without " << name);
      auto json = good;
      json.erase(name);
      require_corrupted(framed_event(canonical_json(json)));
      json[name] = Json::array();
      require_corrupted(framed_event(canonical_json(json)));
    }
  }
  const auto spoil = [](std::size_t example, const char* name, Json value) {
    auto json = parse_json(examples()[example].second).value();
    json[name] = std::move(value);
    INFO(json.dump());
    require_corrupted(framed_event(canonical_json(json)));
  };
  spoil(0, "name", "../../etc.video");
  spoil(0, "name", "room");
  spoil(0, "track", 65'536);
  spoil(0, "track", -1);
  spoil(0, "timescale", 0);
  spoil(0, "header_sha256", "00");
  spoil(3, "look_back_ms", -1);
  spoil(3, "look_ahead_ms", 10'000'000'000);
  spoil(6, "to_ns", 2);  // ends before it begins
  spoil(6, "track", "room");
  spoil(12, "to_ns", 2);
  spoil(14, "to_ns", 2);
  spoil(16, "stretches", Json::array({Json::object()}));
  spoil(16, "to_ns", 2);
  spoil(18, "duration_ms", -1);
  spoil(18, "duration_ms", 10'000'000'000);
}

TEST_CASE("random bodies behind a right CRC are an answer, never a crash") {
  std::mt19937 random(3);  // NOLINT: the same every time
  const auto all = examples();
  for (int i = 0; i < 50'000; ++i) {
    const auto& [record, json] = all[random() % all.size()];
    Bytes body{2, 1};
    put_bytes(body, as_bytes(json));
    for (int n = 0; n < 3; ++n) body[random() % body.size()] = static_cast<std::uint8_t>(random());
    const auto result = decode(framed(body));
    if (result) REQUIRE(result->has_value());
  }
}

TEST_CASE("a fragment whose time or place is out of range is corrupted, so that no sum of them overflows") {
  constexpr std::int64_t kLimit = std::int64_t{1} << 57;
  auto good = example_fragment();
  good.start_ticks = -kLimit;
  good.duration_ticks = kLimit;
  good.offset = std::uint64_t{1} << 60;
  CHECK(decode(encode(good)));
  for (const std::int64_t ticks : {kLimit + 1, -kLimit - 1, INT64_MAX, INT64_MIN}) {
    auto bad = example_fragment();
    bad.start_ticks = ticks;
    CHECK(decode(encode(bad)).error().kind == ErrorKind::kCorrupted);
  }
  for (const std::uint64_t large : {(std::uint64_t{1} << 60) + 1, UINT64_MAX}) {
    auto bad = example_fragment();
    bad.offset = large;
    CHECK(decode(encode(bad)).error().kind == ErrorKind::kCorrupted);
    bad = example_fragment();
    bad.duration_ticks = large;
    CHECK(decode(encode(bad)).error().kind == ErrorKind::kCorrupted);
  }
}

}  // namespace
}  // namespace shilu::journal

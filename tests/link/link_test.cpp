// Expected bytes are written by hand from docs/ref/processes.md.
#include "capture/link/link.h"

#include <catch2/catch.hpp>

#include <random>

namespace shilu::link {
namespace {

Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits.push_back(c);
  }
  return from_hex(digits).value();
}

TrackParameters video_parameters() {
  TrackParameters track;
  track.parameters.codec = Codec::kH264;
  track.parameters.configuration = hex("01640028");
  track.parameters.width = 1920;
  track.parameters.height = 1080;
  track.nominal_ticks = 3000;
  return track;
}

AccessUnit some_unit() {
  AccessUnit unit;
  unit.number = 7;
  unit.decode_time = {-1};
  unit.presentation_time = {66};
  unit.sync = true;
  unit.discontinuity = true;
  unit.data = hex("00000001 65");
  return unit;
}

std::string reason(const Bytes& bytes) {
  const auto message = decode(bytes);
  REQUIRE_FALSE(message);
  CHECK(message.error().kind == ErrorKind::kCorrupted);
  return message.error().message;
}

TEST_CASE("messages have the bytes that the reference page says") {
  CHECK(encode(Hello{"room", "rtsp", "b", 258}) ==
        hex("01 01 00000004 726f6f6d 00000004 72747370 00000001 62 00000102"));
  CHECK(encode(video_parameters()) ==
        hex("02 00 00 00000004 01640028 0780 0438 00000000 0000 00015f90 00000bb8"));
  CHECK(encode(some_unit()) ==
        hex("03 00 0000000000000007 ffffffffffffffff 0000000000000042 03 00000005 0000000165"));
  CHECK(encode(StateChange{SourceState::kLost, "x", "refused"}) ==
        hex("04 02 00000007 72656675736564 00000001 78"));
  CHECK(encode(Durable{MediaKind::kAudio, 513}) == hex("05 01 0000000000000201"));
  CHECK(encode(NeedKey{}) == hex("07"));
  CHECK(encode(Shutdown{}) == hex("06"));
}

TEST_CASE("what is decoded is what was encoded") {
  const auto hello = std::get<Hello>(decode(encode(Hello{"room", "rtsp", "boot", 42})).value());
  CHECK(hello.source == "room");
  CHECK(hello.kind == "rtsp");
  CHECK(hello.boot_id == "boot");
  CHECK(hello.pid == 42);

  TrackParameters sound;
  sound.kind = MediaKind::kAudio;
  sound.parameters = {Codec::kAac, hex("1190"), 0, 0, 48'000, 2, 48'000};
  sound.nominal_ticks = 1024;
  for (const auto& track : {video_parameters(), sound}) {
    const auto read = std::get<TrackParameters>(decode(encode(track)).value());
    CHECK(read.kind == track.kind);
    CHECK(read.parameters == track.parameters);
    CHECK(read.nominal_ticks == track.nominal_ticks);
  }

  const auto unit = std::get<AccessUnit>(decode(encode(some_unit())).value());
  CHECK(unit.kind == MediaKind::kVideo);
  CHECK(unit.number == 7);
  CHECK(unit.decode_time.ns == -1);
  CHECK(unit.presentation_time.ns == 66);
  CHECK(unit.sync);
  CHECK(unit.discontinuity);
  CHECK(unit.data == some_unit().data);

  const auto state = std::get<StateChange>(decode(encode(StateChange{SourceState::kLive, "d", "c"})).value());
  CHECK(state.state == SourceState::kLive);
  CHECK(state.detail == "d");
  CHECK(state.code == "c");

  CHECK(std::holds_alternative<NeedKey>(decode(encode(NeedKey{})).value()));
  const auto durable = std::get<Durable>(decode(encode(Durable{MediaKind::kAudio, 9})).value());
  CHECK(durable.kind == MediaKind::kAudio);
  CHECK(durable.number == 9);
  CHECK(std::holds_alternative<Shutdown>(decode(encode(Shutdown{})).value()));
}

TEST_CASE("every message cut short or with a byte too many is refused") {
  for (const auto& whole : {encode(Hello{"room", "rtsp", "boot", 42}), encode(video_parameters()),
                            encode(some_unit()), encode(StateChange{SourceState::kLost, "sentence", "code"}),
                            encode(Durable{}), encode(NeedKey{}), encode(Shutdown{})}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      INFO("type " << int{whole[0]} << " cut to " << size << " of " << whole.size());
      CHECK_FALSE(decode(cut));
    }
    auto longer = whole;
    longer.push_back(0);
    CHECK(reason(longer).find("1 bytes too many") != std::string::npos);
  }
}

TEST_CASE("fields outside their range are refused with the reason") {
  CHECK(reason({}) == "an empty message came over the link");
  CHECK(reason(hex("08")) == "unknown type of message 8");
  CHECK(reason(hex("01 02")) == "the peer speaks version 2 of the link, we speak version 1");
  CHECK(reason(encode(Hello{"../etc", "rtsp", "b", 1})).find("not a source name") != std::string::npos);
  CHECK(reason(hex("05 02 0000000000000001")).find("unknown kind 2") != std::string::npos);
  CHECK(reason(hex("04 03 00000000 00000000")).find("unknown state 3") != std::string::npos);

  auto unit = some_unit();
  unit.number = 0;
  CHECK(reason(encode(unit)).find("numbered from 1") != std::string::npos);
  unit = some_unit();
  unit.data.clear();
  CHECK(reason(encode(unit)).find("empty") != std::string::npos);
  auto flags = encode(some_unit());
  flags[26] = 4;
  CHECK(reason(flags).find("unknown flags 4") != std::string::npos);

  auto track = video_parameters();
  track.kind = MediaKind::kAudio;
  CHECK(reason(encode(track)).find("kind and codec disagree") != std::string::npos);
  track = video_parameters();
  track.parameters.timescale = 0;
  CHECK(reason(encode(track)).find("timescale") != std::string::npos);
  track = video_parameters();
  track.parameters.height = 0;
  CHECK(reason(encode(track)).find("no size") != std::string::npos);
  track = video_parameters();
  track.parameters.configuration.clear();
  CHECK(reason(encode(track)).find("configuration is empty") != std::string::npos);
}

TEST_CASE("a length that claims more than it may is refused before anything is allocated for it") {
  CHECK(reason(hex("03 00 0000000000000007 0000000000000000 0000000000000042 03 ffffffff"))
            .find("4294967295 bytes") != std::string::npos);
  CHECK(reason(hex("04 00 00001001")).find("the code has 4097 bytes") != std::string::npos);
}

TEST_CASE("a text that is too long is sent shortened, so that the peer takes it") {
  const auto state = decode(encode(StateChange{SourceState::kLost, std::string(10'000, 'x'), "code"}));
  REQUIRE(state);
  CHECK(std::get<StateChange>(*state).detail.size() == 4096);
}

TEST_CASE("flipped bits never crash the reader, and whatever it takes encodes to the same bytes") {
  std::mt19937 random(1);
  std::size_t taken = 0;
  for (const auto& whole :
       {encode(Hello{"room", "rtsp", "boot", 42}), encode(video_parameters()), encode(some_unit()),
        encode(StateChange{SourceState::kLost, "sentence", "code"})}) {
    for (int round = 0; round < 2000; ++round) {
      auto bytes = whole;
      for (int flips = 0; flips < 3; ++flips)
        bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
      if (const auto message = decode(bytes)) {
        ++taken;
        CHECK(encode(*message) == bytes);
      }
    }
  }
  CHECK(taken > 0);
}

TEST_CASE("times and clocks that no machine has are refused, so that no sum of them overflows") {
  auto unit = some_unit();
  constexpr std::int64_t kThreeYears = 100'000'000'000'000'000;  // ns
  for (const std::int64_t ns : {kThreeYears, -kThreeYears}) {
    unit.decode_time = unit.presentation_time = {ns};
    CHECK(decode(encode(unit)));
  }
  for (const std::int64_t ns : {kThreeYears + 1, -kThreeYears - 1, INT64_MAX, INT64_MIN}) {
    unit.decode_time = {ns};
    unit.presentation_time = {0};
    CHECK(reason(encode(unit)).find("years away") != std::string::npos);
    std::swap(unit.decode_time, unit.presentation_time);
    CHECK(reason(encode(unit)).find("years away") != std::string::npos);
  }
  auto track = video_parameters();
  track.parameters.timescale = 10'000'001;
  CHECK(reason(encode(track)).find("larger than any") != std::string::npos);
  track = video_parameters();
  track.parameters.sample_rate = 384'001;
  CHECK(reason(encode(track)).find("larger than any") != std::string::npos);
  track = video_parameters();
  track.nominal_ticks = 0xffffffff;
  CHECK(reason(encode(track)).find("an hour") != std::string::npos);
}

}  // namespace
}  // namespace shilu::link

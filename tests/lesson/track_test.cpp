#include "firmware/lesson/track.h"

#include <catch2/catch.hpp>

namespace shilu {
namespace {

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

TEST_CASE("source names are short, lower case and begin with a letter") {
  for (const auto* good : {"room", "a", "b-2", "board2-left", "abcdefghijklmnopqrstuvwxyz012345"})
    CHECK(is_source_name(good));
  for (const auto* bad :
       {"", "2a", "-a", "Room", "a.b", "a/b", "..", "a b", "é", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    CHECK_FALSE(is_source_name(bad));
  }
}

TEST_CASE("a track's name tells its source and its kind") {
  CHECK(track_name("room", MediaKind::kVideo) == "room.video");
  const auto name = parse_track_name("board-2.audio");
  REQUIRE(name);
  CHECK(name->source == "board-2");
  CHECK(name->kind == MediaKind::kAudio);
}

TEST_CASE("what is no track's name is refused") {
  for (const auto* bad : {"", "room", "room.", ".video", "room.text", "room.video.audio", "../x.video",
                          "room.Video", "room.video/"}) {
    CHECK_FALSE(parse_track_name(bad));
  }
}

TEST_CASE("codecs are named as RFC 6381 wants") {
  CodecParameters avc{Codec::kH264, hex("0164001fffe1"), 1280, 720, 0, 0, 90'000};
  CHECK(rfc6381(avc) == "avc1.64001f");
  CodecParameters aac{Codec::kAac, hex("1190"), 0, 0, 48'000, 2, 48'000};
  CHECK(rfc6381(aac) == "mp4a.40.2");
  aac.configuration = hex("f8e4");  // the escape: 32 + the next six bits, here 7
  CHECK(rfc6381(aac) == "mp4a.40.39");
}

// The examples of ISO/IEC 14496-15 annex E.3.
TEST_CASE("HEVC is named with its constraints") {
  CodecParameters hevc{Codec::kH265, hex("010160000000b000000000005d"), 64, 64, 0, 0, 90'000};
  CHECK(rfc6381(hevc) == "hvc1.1.6.L93.B0");
  hevc.configuration = hex("016482000000b0230000000078");
  CHECK(rfc6381(hevc) == "hvc1.A4.41.H120.B0.23");
}

TEST_CASE("a codec's name never reads past its configuration") {
  for (const auto codec : {Codec::kH264, Codec::kH265, Codec::kAac}) {
    CodecParameters parameters;
    parameters.codec = codec;
    CHECK_FALSE(rfc6381(parameters).empty());
  }
}

}  // namespace
}  // namespace shilu

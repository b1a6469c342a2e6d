// ffprobe is the measure.
#include "capture/media/probe.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/tool_output.h"

namespace shilu::media {
namespace {

using test::output_of;
using test::TemporaryDirectory;

std::string make(const TemporaryDirectory& directory, std::string_view name, std::string_view options) {
  const auto file = (directory / name).string();
  output_of(
      fmt::format("ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i "
                  "sine=440:sample_rate=48000 -t 3 -pix_fmt yuv420p {} {}",
                  options, file));
  return file;
}

double seconds(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

TEST_CASE("streams, codecs, sizes, counts and durations are those that ffprobe finds") {
  const TemporaryDirectory directory;
  const std::vector<std::string> files{
      make(directory, "a.mp4", "-c:v libx264 -bf 2 -g 25 -c:a aac -ac 2"),
      make(directory, "fragments.mp4",
           "-c:v libx264 -bf 0 -g 25 -c:a aac -movflags frag_keyframe+empty_moov"),
      make(directory, "b.mkv", "-c:v libx265 -x265-params log-level=none -c:a pcm_s16le"),
      make(directory, "sound.m4a", "-map 1:a -c:a aac"),
      make(directory, "c.ts", "-c:v libx264 -c:a aac"),
  };
  for (const auto& file : files) {
    INFO(file);
    const auto facts = probe(file);
    REQUIRE(facts);
    const auto json =
        parse_json(
            output_of("ffprobe -loglevel error -count_packets -show_streams -show_format -of json " + file))
            .value();
    const auto& streams = json["streams"];
    REQUIRE(facts->streams.size() == streams.size());
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const auto& mine = facts->streams[i];
      const auto& theirs = streams[i];
      CHECK(mine.codec == theirs["codec_name"]);
      CHECK((mine.kind == MediaKind::kVideo) == (theirs["codec_type"] == "video"));
      CHECK(std::to_string(mine.frames) == theirs["nb_read_packets"]);
      if (mine.kind == MediaKind::kVideo) {
        CHECK(mine.width == theirs["width"]);
        CHECK(mine.height == theirs["height"]);
        CHECK(mine.frames_per_second == Approx(25).margin(0.2));
        CHECK(mine.key_frames >= 1);
      } else {
        CHECK(std::to_string(mine.sample_rate) == theirs["sample_rate"]);
        CHECK(mine.channels == theirs["channels"]);
      }
      CHECK(seconds(mine.duration) == Approx(3).margin(0.05));
    }
    CHECK(std::to_string(facts->size_bytes) == json["format"]["size"]);
    CHECK(facts->container == json["format"]["format_name"]);
    CHECK(seconds(facts->duration) == Approx(3).margin(0.06));
  }
}

TEST_CASE("what is not a film is refused with its kind") {
  const TemporaryDirectory directory;
  CHECK(probe(directory / "nothing.mp4").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(probe(directory.path()));
  REQUIRE(write_file_atomic(directory / "text.mp4", as_bytes("this is a lesson plan, not a film\n")));
  CHECK(probe(directory / "text.mp4").error().kind == ErrorKind::kCorrupted);
  REQUIRE(write_file_atomic(directory / "empty.mp4", {}));
  CHECK(probe(directory / "empty.mp4").error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("a playlist that would open other files is not followed") {
  const TemporaryDirectory directory;
  const auto film = make(directory, "secret.ts", "-c:v libx264 -c:a aac");
  const auto playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n" + film + "\n#EXT-X-ENDLIST\n";
  for (const auto* name : {"list.m3u8", "list.mp4"}) {
    REQUIRE(write_file_atomic(directory / name, as_bytes(playlist)));
    CHECK(probe(directory / name).error().kind == ErrorKind::kCorrupted);
  }
  REQUIRE(
      write_file_atomic(directory / "list.ffconcat", as_bytes("ffconcat version 1.0\nfile " + film + "\n")));
  CHECK(probe(directory / "list.ffconcat").error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("a job ends at its limit and when it is cancelled") {
  const TemporaryDirectory directory;
  const auto file = make(directory, "a.mp4", "-c:v libx264 -c:a aac");
  CHECK(probe(file, {Nanoseconds(0), {}}).error().kind == ErrorKind::kTimedOut);
  std::stop_source stop;
  stop.request_stop();
  CHECK(probe(file, {std::chrono::minutes(1), stop.get_token()}).error().kind == ErrorKind::kCancelled);
}

}  // namespace
}  // namespace shilu::media

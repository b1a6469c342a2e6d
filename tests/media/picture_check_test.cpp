#include "capture/media/picture_check.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "capture/media/thumbnail.h"
#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/tool_output.h"

namespace shilu::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::output_of;
using test::TemporaryDirectory;

// One second each, one after the other; an IDR each second.
std::string make(const TemporaryDirectory& directory, const std::vector<std::string>& parts,
                 std::string_view more = "") {
  const auto file = (directory / "a.mp4").string();
  std::string inputs;
  std::string chain;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    inputs += fmt::format("-f lavfi -t 1 -i \"{},format=yuv420p\" ", parts[i]);
    chain += fmt::format("[{}:v]", i);
  }
  output_of(fmt::format(
      "ffmpeg -nostdin -loglevel error -y {} -filter_complex \"{}concat=n={}\" -c:v libx264 -g 25 "
      "-bf 2 -x264-params scenecut=0 {} {}",
      inputs, chain, parts.size(), more, file));
  return file;
}

std::string color(std::string_view name) {
  return fmt::format("color={}:size=320x180:rate=25", name);
}
std::string moving(int seed) {
  return fmt::format("color=gray:size=320x180:rate=25,noise=alls=60:allf=t:all_seed={}", seed);
}

bool is(const std::vector<PictureSpan>& spans, Nanoseconds from, Nanoseconds to) {
  return spans.size() == 1 && spans[0].from == from && spans[0].to == to;
}

TEST_CASE("black and still stretches are found between moving ones") {
  const TemporaryDirectory directory;
  const auto black = summarise_pictures(
      make(directory, {moving(1), moving(2), color("black"), color("black"), color("black"), moving(3)}));
  REQUIRE(black);
  CHECK(black->key_pictures == 6);
  CHECK(is(black->black, seconds(2), seconds(4)));
  CHECK(is(black->frozen, seconds(2), seconds(4)));
  const auto still =
      summarise_pictures(make(directory, {moving(1), color("red"), color("red"), color("red"), moving(2)}));
  REQUIRE(still);
  CHECK(still->black.empty());
  CHECK(is(still->frozen, seconds(1), seconds(3)));
}

TEST_CASE("a room with camera noise is neither black nor frozen") {
  const TemporaryDirectory directory;
  const auto summary = summarise_pictures(make(directory, {moving(1), moving(2), moving(3)}));
  REQUIRE(summary);
  CHECK(summary->black.empty());
  CHECK(summary->frozen.empty());
}

// Mean colour of a JPEG as ffmpeg decodes it, and its size.
struct Decoded {
  int red = 0;
  int green = 0;
  int blue = 0;
  std::string size;
};
Decoded decoded(const TemporaryDirectory& directory, const Bytes& jpeg) {
  const auto file = (directory / "t.jpg").string();
  REQUIRE(write_file_atomic(file, jpeg));
  const auto pixel =
      output_of("ffmpeg -nostdin -loglevel error -i " + file + " -vf scale=1:1 -f rawvideo -pix_fmt rgb24 -");
  REQUIRE(pixel.size() == 3);
  const auto value = [&](std::size_t i) { return static_cast<int>(static_cast<std::uint8_t>(pixel[i])); };
  const auto size =
      output_of("ffprobe -loglevel error -show_entries stream=width,height -of csv=p=0 " + file);
  return {value(0), value(1), value(2), size.substr(0, size.find('\n'))};
}

TEST_CASE("a thumbnail of a film shows the picture of its time") {
  const TemporaryDirectory directory;
  const auto file = make(directory, {color("red"), color("lime"), color("blue")});
  const auto at = [&](Nanoseconds time) { return decoded(directory, thumbnail(file, time, 160).value()); };
  CHECK(at(seconds(0)).red > 200);
  CHECK(at(milliseconds(970)).red > 200);
  CHECK(at(milliseconds(1010)).green > 200);
  CHECK(at(milliseconds(2500)).blue > 200);
  CHECK(at(seconds(99)).blue > 200);
  CHECK(at(seconds(0)).size == "160,90");
}

TEST_CASE("a thumbnail of one key fragment in memory shows its first picture") {
  const TemporaryDirectory directory;
  const auto file =
      make(directory, {color("red"), color("lime")}, "-movflags frag_keyframe+empty_moov+default_base_moof");
  const auto movie = read_file(file).value();
  // ftyp + moov, and the first moof + mdat: up to the second moof.
  const auto first = as_text(movie).find("moof");
  const auto second = as_text(movie).find("moof", first + 4);
  REQUIRE(second != std::string_view::npos);
  const auto jpeg = thumbnail(ByteView(movie).first(second - 4), 320);
  REQUIRE(jpeg);
  const auto picture = decoded(directory, *jpeg);
  CHECK(picture.red > 200);
  CHECK(picture.green < 60);
  CHECK(picture.size == "320,180");
}

TEST_CASE("what holds no picture gives no thumbnail, and a wrong width is refused") {
  const TemporaryDirectory directory;
  CHECK(thumbnail(as_bytes("no film"), 160).error().kind == ErrorKind::kCorrupted);
  CHECK(thumbnail(ByteView{}, 160).error().kind == ErrorKind::kCorrupted);
  const auto file = make(directory, {color("red")});
  CHECK(thumbnail(file, seconds(0), 8).error().kind == ErrorKind::kInvalidArgument);
  CHECK(thumbnail(file, seconds(0), 4000).error().kind == ErrorKind::kInvalidArgument);
  const auto sound = (directory / "a.m4a").string();
  output_of("ffmpeg -nostdin -loglevel error -y -f lavfi -i sine=440 -t 1 -c:a aac " + sound);
  CHECK(thumbnail(sound, seconds(0), 160).error().kind == ErrorKind::kNotFound);
  CHECK(summarise_pictures(sound).error().kind == ErrorKind::kNotFound);
}

}  // namespace
}  // namespace shilu::media

#include "capture/media/decode_check.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <random>

#include "capture/media/picture_check.h"
#include "capture/media/probe.h"
#include "capture/media/sound_check.h"
#include "capture/media/thumbnail.h"
#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/tool_output.h"

namespace shilu::media {
namespace {

using test::output_of;
using test::TemporaryDirectory;

std::string make(const TemporaryDirectory& directory, std::string_view options) {
  const auto file = (directory / "a.mp4").string();
  output_of(
      fmt::format("ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i "
                  "sine=440:sample_rate=48000 -t 4 -pix_fmt yuv420p {} {}",
                  options, file));
  return file;
}

TEST_CASE("a whole file has no fault, and as many pictures and samples as ffmpeg decodes") {
  const TemporaryDirectory directory;
  for (const auto* options : {"-c:v libx264 -bf 2 -g 25 -c:a aac",
                              "-c:v libx264 -bf 0 -c:a aac -movflags "
                              "frag_keyframe+empty_moov",
                              "-c:v libx265 -x265-params log-level=none -c:a aac"}) {
    INFO(options);
    const auto file = make(directory, options);
    const auto report = decode_all(file);
    REQUIRE(report);
    INFO((report->first_fault ? report->first_fault->what : std::string()));
    CHECK_FALSE(report->first_fault);
    CHECK(report->pictures == 100);
    const auto pcm = output_of("ffmpeg -nostdin -loglevel error -i " + file + " -map 0:a -f s16le - | wc -c");
    CHECK(report->sound_samples == std::stoull(pcm) / 2);
  }
}

TEST_CASE("a damaged byte in a picture or in the sound is found") {
  const TemporaryDirectory directory;
  const auto file = make(directory, "-c:v libx264 -bf 0 -g 25 -c:a aac");
  const auto good = read_file(file).value();
  // ffprobe: where the packets lie.
  for (const auto* stream : {"v", "a"}) {
    const auto at = std::stoull(output_of(fmt::format(
        "ffprobe -loglevel error -select_streams {} -show_entries packet=pos -of csv=p=0 {} | sed -n 40p",
        stream, file)));
    auto bad = good;
    for (std::size_t i = 0; i < 40; ++i) bad[at + 12 + i] ^= 0x5a;
    REQUIRE(write_file_atomic(file, bad));
    const auto report = decode_all(file);
    REQUIRE(report);
    REQUIRE(report->first_fault);
    CHECK((report->first_fault->kind == MediaKind::kVideo) == (*stream == 'v'));
    const double expected =
        *stream == 'v' ? 39 / 25.0 : 38 * 1024 / 48'000.0;  // an AAC packet comes before zero
    REQUIRE(report->first_fault->at);
    CHECK(static_cast<double>(report->first_fault->at->count()) / 1e9 == Approx(expected).margin(0.05));
    CHECK_FALSE(report->first_fault->what.empty());
  }
}

TEST_CASE("a file that ends in the middle is a fault") {
  const TemporaryDirectory directory;
  const auto file = make(directory, "-c:v libx264 -c:a aac -movflags +faststart");
  auto bytes = read_file(file).value();
  bytes.resize(bytes.size() * 2 / 3);
  REQUIRE(write_file_atomic(file, bytes));
  const auto report = decode_all(file);
  REQUIRE(report);
  CHECK(report->first_fault);
  CHECK(report->pictures < 100);
  CHECK(report->pictures > 0);
}

TEST_CASE("decode times that do not rise are a fault") {
  const TemporaryDirectory directory;
  const auto file = make(directory, "-c:v libx264 -bf 0 -g 25 -an");
  auto bytes = read_file(file).value();
  // ISO/IEC 14496-12 8.6.1.2: one entry of 100 samples with a delta, which becomes 0.
  const auto text = as_text(bytes);
  const auto stts = text.find("stts");
  REQUIRE(stts != std::string_view::npos);
  REQUIRE(ByteReader(ByteView(bytes).subspan(stts + 8)).u32() == 1);
  for (std::size_t i = 0; i < 4; ++i) bytes[stts + 16 + i] = 0;
  REQUIRE(write_file_atomic(file, bytes));
  const auto report = decode_all(file);
  REQUIRE(report);
  CHECK(report->first_fault);
}

TEST_CASE("broken files never crash or hang what reads them") {
  const TemporaryDirectory directory;
  const auto file = make(directory, "-c:v libx264 -g 25 -c:a aac -movflags +faststart");
  const auto good = read_file(file).value();
  std::mt19937 random(11);
  const MediaLimits limits{std::chrono::seconds(10), {}};
  for (int round = 0; round < 40; ++round) {
    auto bad = good;
    const auto flips = 1 + random() % 60;
    const auto where = round % 2 == 0 ? std::size_t{6'000} : bad.size();  // the header, or anywhere
    for (unsigned i = 0; i < flips; ++i) bad[random() % where] = static_cast<std::uint8_t>(random());
    if (round % 5 == 0) bad.resize(random() % bad.size());
    REQUIRE(write_file_atomic(file, bad));
    const auto begun = SystemClock().monotonic();
    static_cast<void>(probe(file, limits));
    static_cast<void>(decode_all(file, limits));
    static_cast<void>(summarise_sound(file, limits));
    static_cast<void>(summarise_pictures(file, limits));
    static_cast<void>(thumbnail(file, std::chrono::seconds(1), 160, limits));
    static_cast<void>(thumbnail(bad, 160));
    CHECK(SystemClock().monotonic() - begun < std::chrono::seconds(60));
  }
}

}  // namespace
}  // namespace shilu::media

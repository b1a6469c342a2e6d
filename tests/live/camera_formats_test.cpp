// Cameras of every format through the real shilu-capture: what is passed on is untouched, what is encoded
// anew is heard when it was heard in the room.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"
#include "tests/live/tool.h"

namespace shilu::test {
namespace {

using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kAudio = MediaKind::kAudio;
constexpr int kToneFrom = 100;  // the number of the picture that is shown when the tone begins

// 10 s of counted pictures; silent until picture 100, then a tone.
std::string toned_movie(const TemporaryDirectory& directory, const std::string& sound, int rate) {
  const auto file = (directory / "toned.mkv").string();
  make_counted_movie((directory / "counted.mp4").string(), 10, "-c:v libx264 -tune zerolatency -g 25 -an");
  output_of(fmt::format(
      "ffmpeg -nostdin -loglevel error -y -i {} -f lavfi -i "
      "\"aevalsrc='if(gte(t,4),0.8*sin(2*PI*440*t),0)':s={}:d=10\" -map 0:v -map 1:a -c:v copy {} {}",
      (directory / "counted.mp4").string(), rate, sound, file));
  return file;
}

std::string playing_with(const std::string& file, const std::string& payloader) {
  return fmt::format(
      "( filesrc location={} ! matroskademux name=file file.video_0 ! queue ! h264parse ! rtph264pay "
      "name=pay0 "
      "config-interval=-1 file.audio_0 ! queue ! {} name=pay1 )",
      file, payloader);
}

// When the tone is heard, after the picture beside it is shown.
double tone_late_ms(const Peer& peer) {
  const auto samples = decoded_sound(peer);
  const auto loud =
      std::find_if(samples.begin(), samples.end(), [](int value) { return std::abs(value) > 3000; });
  REQUIRE(loud != samples.end());
  const auto heard = peer.units(kAudio).front().presentation_time +
                     Nanoseconds((loud - samples.begin()) * 1'000'000'000 / 48'000);
  const auto numbers = burned_numbers(peer);
  const auto pictures = decoded_pictures(peer);
  const auto found = std::find(numbers.begin(), numbers.end(), kToneFrom);
  REQUIRE(found != numbers.end());
  const auto shown = pictures[static_cast<std::size_t>(found - numbers.begin())].shown;
  return static_cast<double>((heard - shown).count()) / 1e6;
}

// An encoder's delay left in would be 21 ms (notes on avenc_aac: 1015 to 1024 samples of 48 kHz).
TEST_CASE("sound that is encoded anew begins with its picture, whatever the camera sends") {
  struct Format {
    const char* name;
    const char* encoder;  // ffmpeg's
    int rate;
    const char* payloader;
  };
  const auto format = GENERATE(Format{"PCMU", "-c:a pcm_mulaw", 8000, "rtppcmupay"},
                               Format{"PCMA", "-c:a pcm_alaw", 8000, "rtppcmapay"},
                               Format{"L16", "-c:a pcm_s16le", 16'000, "audioconvert ! rtpL16pay"},
                               Format{"Opus", "-c:a libopus -b:a 64k", 48'000, "opusparse ! rtpopuspay"});
  INFO(format.name);
  const TemporaryDirectory directory;
  Camera camera(playing_with(toned_movie(directory, format.encoder, format.rate), format.payloader));
  CaptureProcess capture("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 150, seconds(30)));
  REQUIRE(peer.read_units(kAudio, 260, seconds(30)));
  check_units(peer, kVideo);
  check_units(peer, kAudio);
  CHECK(peer.parameters.at(kAudio).front().parameters.codec == Codec::kAac);
  CHECK(tone_late_ms(peer) == Approx(0).margin(16));
}

TEST_CASE("H.265 of a camera is passed on byte for byte") {
  const TemporaryDirectory directory;
  const auto file = (directory / "h265.mp4").string();
  make_counted_movie(file, 8, "-c:v libx265 -x265-params log-level=none:keyint=25:bframes=0 -tag:v hvc1 -an");
  Camera camera(fmt::format(
      "( filesrc location={} ! qtdemux ! h265parse ! rtph265pay name=pay0 config-interval=-1 )", file));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 100));
  check_units(peer, kVideo);
  CHECK(peer.parameters.at(kVideo).front().parameters.codec == Codec::kH265);
  // The same picture NAL units as in the file, in the same order: ffmpeg's Annex B copy of it.
  const auto stream = output_of(fmt::format("ffmpeg -nostdin -loglevel error -i {} -c copy -f hevc -", file));
  std::size_t from = 0;
  for (const auto& unit : peer.units(kVideo)) {
    ByteReader reader(unit.data);
    while (reader.remaining() > 0) {
      const auto nal = reader.bytes(reader.u32());
      REQUIRE(reader.ok());
      const std::string_view bytes(reinterpret_cast<const char*>(nal.data()), nal.size());
      const auto at = stream.find(bytes, from);
      REQUIRE(at != std::string::npos);
      from = at + bytes.size();
    }
  }
}

TEST_CASE("basic authentication opens a camera as digest does") {
  Camera camera(
      "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc "
      "tune=zerolatency "
      "key-int-max=25 ! rtph264pay name=pay0 )",
      {"--user", "admin", "--password", "geheim", "--authentication", "basic"});
  CaptureProcess capture("room=" + camera.url("admin:geheim@"));
  Peer peer(capture.socket());
  CHECK(peer.read_units(kVideo, 5));
  CaptureProcess wrong("room=" + camera.url("admin:falsch@"));
  Peer refused(wrong.socket());
  CHECK(refused.read_state(link::SourceState::kLost, "password"));
}

}  // namespace
}  // namespace shilu::test

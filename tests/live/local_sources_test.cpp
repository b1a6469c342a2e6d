// The real shilu-capture on what needs no network: files, the test picture, missing devices.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "firmware/base/file_system.h"
#include "tests/live/capture_process.h"
#include "tests/live/tool.h"

namespace shilu::test {
namespace {

using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kAudio = MediaKind::kAudio;

// No AAC frame is missing: they stand 1024 samples apart, give or take the rounding to ns.
void check_contiguous_sound(const Peer& peer) {
  const auto rate = peer.parameters.at(kAudio).front().parameters.sample_rate;
  const double step = 1024e9 / rate;
  const auto& units = peer.units(kAudio);
  REQUIRE(units.size() > 1);
  for (std::size_t i = 1; i < units.size(); ++i) {
    const auto distance = (units[i].decode_time - units[i - 1].decode_time).count();
    CHECK(std::abs(static_cast<double>(distance) - step) < 2.0);
  }
}

TEST_CASE("the test picture gives pictures at the rate it is asked for, and sound") {
  CaptureProcess capture("room=test://pattern?fps=20&width=320&height=180");
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 60));
  REQUIRE(peer.read_units(kAudio, 60));
  CHECK(peer.order.front() == "hello");
  CHECK(peer.hello->source == "room");
  CHECK(peer.hello->kind == "test");
  CHECK(peer.hello->pid == static_cast<std::uint32_t>(capture.process().pid()));
  check_units(peer, kVideo);
  check_units(peer, kAudio);
  check_contiguous_sound(peer);
  const auto& video = peer.parameters.at(kVideo);
  CHECK(video.front().parameters.width == 320);
  CHECK(video.front().parameters.height == 180);
  CHECK(video.back().nominal_ticks == 4500);
  CHECK(peer.parameters.at(kAudio).front().nominal_ticks == 1024);
  // An IDR each second, and nothing reordered.
  for (const auto& unit : peer.units(kVideo)) {
    CHECK(unit.sync == ((unit.number - 1) % 20 == 0));
    CHECK(unit.decode_time == unit.presentation_time);
    CHECK_FALSE(unit.discontinuity);
  }
}

TEST_CASE("times are those of CLOCK_MONOTONIC, close to the present") {
  CaptureProcess capture("room=test://pattern");
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 40));
  const auto age = SystemClock().monotonic() - peer.units(kVideo).back().presentation_time;
  CHECK(age > Nanoseconds(0));
  CHECK(age < seconds(1));
}

TEST_CASE("a file is played once, in real time and without a loss, and ends in good order") {
  const TemporaryDirectory directory;
  const auto file = (directory / "counted.mp4").string();
  make_counted_movie(file, 4, "-c:v libx264 -bf 2 -g 25 -c:a aac");
  const auto begun = SystemClock().monotonic();
  CaptureProcess capture("room=file://" + file);
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kLost, "ended"));
  CHECK(SystemClock().monotonic() - begun > seconds(3));
  CHECK(peer.units(kVideo).size() == 100);
  check_units(peer, kVideo);
  check_units(peer, kAudio);
  check_contiguous_sound(peer);
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(burned_numbers(peer) == expected);
  CHECK(peer.units(kAudio).size() == 4 * 48'000 / 1024);  // the frames that lie wholly inside the 4 s
  CHECK(peer.states.back().detail == fmt::format("The file {} has been played to its end.", file));
  peer.shutdown();
  CHECK(capture.exit_status(seconds(2)) == 0);
}

TEST_CASE("picture and sound of a file keep their distance") {
  const TemporaryDirectory directory;
  const auto file = (directory / "late.mp4").string();
  // The sound begins 300 ms after the picture.
  output_of(
      "ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=192x108:rate=25 -itsoffset 0.3 -f lavfi "
      "-i "
      "sine=440:sample_rate=48000 -t 2 -c:v libx264 -bf 2 -c:a aac " +
      file);
  CaptureProcess capture("room=file://" + file);
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kLost, "ended"));
  const auto distance =
      peer.units(kAudio).front().presentation_time - peer.units(kVideo).front().presentation_time;
  // ffprobe: pts_time of the first packets
  const auto pts = [&](const char* stream) {
    return std::stod(
        output_of(fmt::format("ffprobe -loglevel error -select_streams {} -read_intervals %+#1 "
                              "-show_entries packet=pts_time -of csv=p=0 {}",
                              stream, file)));
  };
  CHECK(static_cast<double>(distance.count()) / 1e9 == Approx(pts("a") - pts("v")).margin(0.0005));
}

TEST_CASE("H.265 in a file is passed on with its sync pictures marked") {
  const TemporaryDirectory directory;
  const auto file = (directory / "h265.mp4").string();
  make_counted_movie(file, 2, "-c:v libx265 -x265-params log-level=none:keyint=25:bframes=3 -tag:v hvc1 -an");
  CaptureProcess capture("room=file://" + file);
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kLost, "ended"));
  CHECK(peer.units(kVideo).size() == 50);
  CHECK(peer.parameters.at(kVideo).front().parameters.codec == Codec::kH265);
  check_units(peer, kVideo);
  CHECK(peer.units(kAudio).empty());
}

TEST_CASE("what is not AAC is encoded, and the encoder's delay is not heard") {
  const TemporaryDirectory directory;
  const auto file = (directory / "click.mkv").string();
  // Silence, and from 1.000 s on a tone, as G.711.
  output_of(
      "ffmpeg -nostdin -loglevel error -y -f lavfi -i "
      "\"aevalsrc='if(gte(t,1),0.8*sin(2*PI*440*t),0)':s=8000:d=2\" "
      "-c:a pcm_mulaw " +
      file);
  CaptureProcess capture("mic=file://" + file);
  Peer peer(capture.socket());
  REQUIRE(peer.read_state(link::SourceState::kLost, "ended"));
  check_units(peer, kAudio);
  check_contiguous_sound(peer);
  const auto& parameters = peer.parameters.at(kAudio).front().parameters;
  CHECK(parameters.sample_rate == 48'000);
  const auto samples = decoded_sound(peer);
  const auto loud =
      std::find_if(samples.begin(), samples.end(), [](int value) { return std::abs(value) > 3000; });
  const auto onset = loud - samples.begin();
  // The first decoded sample belongs to the first unit's time; the file's time 0 is the pipeline's.
  const auto first = peer.units(kAudio).front().presentation_time;
  const auto live =
      first + Nanoseconds(1024 * 1'000'000'000LL / 48'000);  // what the delay moved to the front
  const auto heard = first + Nanoseconds(onset * 1'000'000'000 / 48'000);
  CHECK(static_cast<double>((heard - live).count()) / 1e9 == Approx(1.0).margin(0.003));
}

TEST_CASE("missing things are named") {
  const auto reason = [](const std::string& source, std::string_view code) {
    CaptureProcess capture(source);
    Peer peer(capture.socket());
    INFO(source);
    CHECK(peer.read_state(link::SourceState::kLost, code));
    CHECK(peer.units(kVideo).empty());
    return peer.states.empty() ? std::string() : peer.states.back().detail;
  };
  CHECK(reason("a=file:///nowhere/x.mp4", "no-device") ==
        "The file /nowhere/x.mp4 cannot be recorded: there is no such file.");
  CHECK(reason("a=v4l2:///dev/video987", "no-device") ==
        "The camera /dev/video987 cannot be recorded: there is no /dev/video987.");
  CHECK(reason("a=screen://:987", "no-device").find("the screen :987") != std::string::npos);
  CHECK(reason("a=alsa://no-such-card", "no-device").find("the microphone no-such-card") !=
        std::string::npos);
  const TemporaryDirectory directory;
  REQUIRE(
      write_file_atomic(directory / "text.mp4", as_bytes("this is not a film, whatever its name says\n")));
  CHECK(reason("a=file://" + (directory / "text.mp4").string(), "unsupported").find("text.mp4") !=
        std::string::npos);
}

}  // namespace
}  // namespace shilu::test

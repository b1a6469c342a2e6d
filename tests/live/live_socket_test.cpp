// Who looks on at a capture: the socket beside the recorder's.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kAudio = MediaKind::kAudio;

TEST_CASE(
    "who looks on begins with a key picture, is close to the present, and takes nothing from the recorder") {
  CaptureProcess capture("room=test://pattern?width=320&height=180");
  Peer recorder(capture.socket());
  REQUIRE(recorder.read_units(kVideo, 60));
  Peer first(capture.live_socket());
  Peer second(capture.live_socket());
  for (auto* viewer : {&first, &second}) {
    REQUIRE(viewer->read_units(kVideo, 40));
    REQUIRE(viewer->read_units(kAudio, 20));
    CHECK(viewer->order.front() == "hello");
    CHECK(viewer->units(kVideo).front().sync);
    check_units(*viewer, kVideo);
    check_units(*viewer, kAudio);
    const auto begun = viewer->units(kVideo).front().decode_time;
    CHECK(viewer->units(kAudio).front().decode_time - begun < milliseconds(100));
    CHECK(SystemClock().monotonic() - viewer->units(kVideo).back().presentation_time < seconds(1));
  }
  REQUIRE(recorder.read_units(kVideo, 120));
  check_units(recorder, kVideo);
  CHECK(std::none_of(recorder.units(kVideo).begin(), recorder.units(kVideo).end(),
                     [](const auto& unit) { return unit.discontinuity; }));
}

// What it does not take is more than the sockets of both sides hold.
TEST_CASE("a viewer that does not read holds nobody up") {
  CaptureProcess capture("room=test://pattern?width=1280&height=720");
  Peer recorder(capture.socket());
  REQUIRE(recorder.read_units(kVideo, 5));
  Peer deaf(capture.live_socket());
  Peer viewer(capture.live_socket());
  REQUIRE(recorder.read_units(kVideo, 100));
  REQUIRE(viewer.read_units(kVideo, 90));
  check_units(recorder, kVideo);
}

TEST_CASE("the small stream of a camera is shown, the large one recorded, and the sound goes with both") {
  const auto pattern = [](int width, int height) {
    return fmt::format(
        "videotestsrc is-live=true ! video/x-raw,width={},height={},framerate=25/1 ! x264enc "
        "tune=zerolatency "
        "key-int-max=25 ! rtph264pay name=pay0 config-interval=-1",
        width, height);
  };
  Camera camera(
      "( " + pattern(640, 360) +
          " audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! avenc_aac ! rtpmp4gpay name=pay1 )",
      {"--sub", "( " + pattern(160, 90) + " )"});
  CaptureProcess capture("room=" + camera.url() + "#sub=/sub");
  Peer recorder(capture.socket());
  Peer viewer(capture.live_socket());
  REQUIRE(recorder.read_units(kVideo, 20));
  REQUIRE(viewer.read_units(kVideo, 20));
  REQUIRE(viewer.read_units(kAudio, 20));
  CHECK(recorder.parameters.at(kVideo).front().parameters.width == 640);
  CHECK(viewer.parameters.at(kVideo).front().parameters.width == 160);
  CHECK(viewer.read_state(link::SourceState::kLive, ""));
}

TEST_CASE("key pictures that lie far apart are told, and the source is recorded nevertheless") {
  Camera camera(
      "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc "
      "tune=zerolatency "
      "key-int-max=75 ! rtph264pay name=pay0 config-interval=-1 )");
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  const auto told = [&] {
    return std::any_of(peer.states.begin(), peer.states.end(), [](const link::StateChange& change) {
      return change.state == link::SourceState::kLive &&
             change.detail.find("sends a key picture only every 3.0 s") != std::string::npos;
    });
  };
  CHECK(peer.read_until(told, seconds(25)));
  CHECK(peer.read_units(kVideo, 150));
  check_units(peer, kVideo);
}

}  // namespace
}  // namespace shilu::test

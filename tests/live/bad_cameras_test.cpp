// Cameras that misbehave, through the real shilu-capture. Those that die, hang or come back with another
// picture are in rtsp_source_test.cpp; what the recorder makes of them in tests/system/test_bad_cameras.py.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;

std::string pattern(const std::string& before_encoder, const std::string& encoder,
                    const std::string& behind_encoder) {
  return fmt::format(
      "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,{} x264enc "
      "tune=zerolatency {} ! "
      "{} rtph264pay name=pay0 config-interval=-1 )",
      before_encoder, encoder, behind_encoder);
}

double ms_of(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

// Where the units lie, after the present of the moment at which they were read: at least this much, the rest
// is the machine's delay.
class Ages {
 public:
  Nanoseconds least_of(Peer& peer, std::size_t count) {
    Nanoseconds least = seconds(10);
    const auto end = peer.units(kVideo).size() + count;
    while (peer.units(kVideo).size() < end) {
      REQUIRE(peer.read_units(kVideo, peer.units(kVideo).size() + 1));
      least = std::min(least, SystemClock().monotonic() - peer.units(kVideo).back().presentation_time);
    }
    return least;
  }
};

TEST_CASE("a camera whose clock jumps by an hour stays on the lesson's time") {
  for (const auto* by : {"3600", "-3600"}) {
    INFO(by);
    Camera camera(pattern("framerate=25/1 !", "key-int-max=25", ""), {"--jump-after", "6", "--jump-by", by});
    CaptureProcess capture("room=" + camera.url());
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 260, seconds(30)));
    check_units(peer, kVideo);
    const auto& units = peer.units(kVideo);
    for (std::size_t i = 1; i < units.size(); ++i) {
      INFO("unit " << units[i].number);
      CHECK(units[i].decode_time - units[i - 1].decode_time < seconds(3));
    }
    const auto age = SystemClock().monotonic() - units.back().presentation_time;
    CHECK(age < seconds(5));
    CHECK(age > -milliseconds(500));
  }
}

TEST_CASE("a camera that declares 25 pictures a second and sends 21 has 21, and no loss") {
  Camera camera(pattern("framerate=21/1 ! capssetter replace=false caps=video/x-raw,framerate=25/1 !",
                        "key-int-max=25", ""));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 150, seconds(25)));
  check_units(peer, kVideo);
  // 90000 / 21 = 4285.7 ticks
  CHECK(static_cast<int>(peer.parameters.at(kVideo).back().nominal_ticks) == Approx(4286).margin(2));
  for (const auto& unit : peer.units(kVideo)) CHECK_FALSE(unit.discontinuity);
}

TEST_CASE("a camera that sends damaged pictures is recorded on, and what is handed over is well formed") {
  Camera camera(pattern("framerate=25/1 !", "key-int-max=25 bitrate=2000",
                        "breakmydata probability=0.0008 skip=400 ! "));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 150, seconds(30)));
  check_units(peer, kVideo);
  CHECK(peer.states.back().state == link::SourceState::kLive);
}

TEST_CASE(
    "a camera that asks for another password in mid-stream says so, and is taken up again when it is right") {
  const std::string launch = pattern("framerate=25/1 !", "key-int-max=25", "");
  Camera camera(launch, {"--user", "admin", "--password", "geheim"});
  CaptureProcess capture("room=" + camera.url("admin:geheim@"));
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 10));
  camera.kill();
  camera.change_options({"--user", "admin", "--password", "anders"});
  camera.start();
  REQUIRE(peer.read_state(link::SourceState::kLost, "password"));
  camera.kill();
  camera.change_options({"--user", "admin", "--password", "geheim"});
  camera.start();
  const auto before = peer.units(kVideo).size();
  REQUIRE(peer.read_units(kVideo, before + 10, seconds(20)));
  CHECK(peer.units(kVideo)[before].discontinuity);
  CHECK(peer.units(kVideo)[before].sync);
}

// Uncorrected, 20 s of 2000 ppm are 40 ms.
TEST_CASE("cameras whose clocks gain or lose 2000 ppm stay with the present") {
  struct Pair {
    explicit Pair(const char* ppm)
        : camera(pattern("framerate=25/1 !", "key-int-max=25", ""), {"--clock-ppm", ppm}),
          capture("room=" + camera.url()),
          peer(capture.socket()) {}
    Camera camera;
    CaptureProcess capture;
    Peer peer;
  };
  Pair fast("2000");
  Pair slow("-2000");
  for (auto* pair : {&fast, &slow}) REQUIRE(pair->peer.read_units(kVideo, 150, seconds(25)));
  std::array<Nanoseconds, 2> first{Ages().least_of(fast.peer, 50), Ages().least_of(slow.peer, 100)};
  for (auto* pair : {&fast, &slow})
    REQUIRE(pair->peer.read_units(kVideo, pair->peer.units(kVideo).size() + 450, seconds(40)));
  std::array<Nanoseconds, 2> last{Ages().least_of(fast.peer, 50), Ages().least_of(slow.peer, 100)};
  for (std::size_t i = 0; i < 2; ++i) {
    INFO((i == 0 ? "fast" : "slow"));
    CHECK(std::abs(ms_of(last[i] - first[i])) < 20);
  }
  for (auto* pair : {&fast, &slow}) {
    check_units(pair->peer, kVideo);
    CHECK(std::none_of(pair->peer.units(kVideo).begin(), pair->peer.units(kVideo).end(),
                       [](const auto& unit) { return unit.discontinuity; }));
  }
}

TEST_CASE(
    "a camera without key pictures is told from one that sends nothing, and what began with one goes on") {
  Camera camera(pattern("framerate=25/1 !", "intra-refresh=true key-int-max=1000", ""), {"--shared"});
  CaptureProcess early("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(early.socket());
  REQUIRE(peer.read_units(kVideo, 30));
  CaptureProcess late("room=" + camera.url(), {"--transport", "tcp"});
  Peer unlucky(late.socket());
  CHECK(unlucky.read_state(link::SourceState::kLost, "no-key", seconds(20)));
  CHECK(unlucky.units(kVideo).empty());
  REQUIRE(peer.read_units(kVideo, 300, seconds(20)));
  check_units(peer, kVideo);
  CHECK(peer.states.back().detail.find("no key picture for more than 10 s") != std::string::npos);
}

}  // namespace
}  // namespace shilu::test

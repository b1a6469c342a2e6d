// Cameras that misbehave, through the real shilu-capture. Those that die, hang or come back with another
// picture are in rtsp_source_test.cpp; what the recorder makes of them in tests/system/test_bad_cameras.py.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <signal.h>

#include <algorithm>
#include <string>
#include <thread>

#include "capture/live/capture.h"
#include "firmware/base/file_system.h"
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

TEST_CASE("a camera that declares 25 pictures a second and sends 21 has 21, and no loss") {
  Camera camera(
      pattern("format=I420,framerate=21/1 ! capssetter replace=false caps=video/x-raw,framerate=25/1 !",
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

TEST_CASE(
    "a camera that sends no picture to begin with keeps its sound, and its picture comes with the first "
    "one") {
  live::initialise();
  // What a picture can begin with goes to those who came first; more of it comes when it is made, or no
  // picture at all.
  struct Case {
    std::string pictures, code;
  };
  const auto one = GENERATE(Case{"100000", "no-key"}, Case{"5", "no-picture"});
  INFO(one.code);
  const TemporaryDirectory directory;
  const auto key_file = directory / "key";
  Camera camera(
      "( videotestsrc is-live=true pattern=ball ! "
      "video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency key-int-max=100000 ! "
      "rtph264pay name=pay0 config-interval=-1 audiotestsrc is-live=true samplesperbuffer=1024 ! "
      "audio/x-raw,rate=48000,channels=1 ! avenc_aac ! rtpmp4gpay name=pay1 )",
      {"--shared", "--pictures", one.pictures, "--key-file", key_file.string()});
  // Stays whatever comes, and so does the stream.
  ProcessOptions viewing;
  viewing.program = "ffmpeg";
  viewing.arguments = {"-v", "quiet", "-nostdin", "-rtsp_transport", "tcp", "-i", camera.url(),
                       "-f", "null",  "-"};
  auto viewer = ChildProcess::start(viewing).value();
  {
    CaptureProcess early("room=" + camera.url(), {"--transport", "tcp"});
    REQUIRE(Peer(early.socket()).read_units(MediaKind::kAudio, 10));
  }

  auto source = live::parse_source("room=" + camera.url());
  REQUIRE(source);
  live::CaptureOptions options;
  options.source = *source;
  options.socket = directory / "capture-x.sock";
  options.transport = live::TransportChoice::kTcp;
  options.times.first_unit = milliseconds(1500);
  options.times.silence = milliseconds(1000);
  std::stop_source stop;
  const std::jthread capture([&] { (void)live::run_capture(options, stop); });
  Peer peer(options.socket);
  const auto lost_twice = [&] {
    return std::count_if(peer.states.begin(), peer.states.end(),
                         [](const auto& state) { return state.state == link::SourceState::kLost; }) == 2;
  };
  REQUIRE(peer.read_until(lost_twice));
  const auto by_sound_alone = [&] {
    const auto& last = peer.states.back();
    return last.state == link::SourceState::kLive && last.code == one.code;
  };
  REQUIRE(peer.read_until(by_sound_alone));
  CHECK(peer.states.back().detail.find("only its sound is recorded") != std::string::npos);
  CHECK(peer.units(kVideo).empty());
  CHECK(peer.parameters.contains(kVideo) ==
        (one.code == "no-key"));  // what is missing is known where it can be
  REQUIRE(peer.read_units(MediaKind::kAudio, peer.units(MediaKind::kAudio).size() + 10));  // of this attempt
  const auto states = peer.states.size();
  const auto sound = peer.units(MediaKind::kAudio).size();
  if (one.code == "no-key") {
    REQUIRE(write_file_atomic(key_file, {}));
    REQUIRE(peer.read_units(kVideo, 1));
    CHECK(peer.units(kVideo).front().sync);
    REQUIRE(peer.read_until([&] { return peer.states.back().code.empty(); }));
  }
  REQUIRE(peer.read_units(MediaKind::kAudio, sound + 60));  // for more than a second
  for (auto i = states; i < peer.states.size(); ++i) CHECK(peer.states[i].state == link::SourceState::kLive);
  const auto& heard = peer.units(MediaKind::kAudio);
  CHECK(std::none_of(heard.begin() + static_cast<std::ptrdiff_t>(sound), heard.end(),
                     [](const auto& unit) { return unit.discontinuity; }));
  peer.shutdown();
  viewer.stop(seconds(5));
}

TEST_CASE("a camera that sends a key picture only at the beginning is connected anew when one is needed") {
  Camera camera(pattern("framerate=25/1 !", "intra-refresh=true key-int-max=1000", ""));
  CaptureProcess capture("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 75));
  const auto before = peer.units(kVideo).size();
  peer.need_key();
  REQUIRE(peer.read_state(link::SourceState::kLost, "renewal"));
  REQUIRE(peer.read_until([&] {
    return peer.units(kVideo).size() > before + 50 && peer.units(kVideo).back().discontinuity == false;
  }));
  const auto& units = peer.units(kVideo);
  CHECK(std::any_of(units.begin() + static_cast<std::ptrdiff_t>(before), units.end(),
                    [](const auto& unit) { return unit.sync && unit.discontinuity; }));
  check_units(peer, kVideo);
}

TEST_CASE("of a microphone whose device offers a picture, too, the sound alone is asked for") {
  Camera camera(
      "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc "
      "tune=zerolatency key-int-max=25 ! rtph264pay name=pay0 config-interval=-1 audiotestsrc is-live=true "
      "samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! rtpmp4gpay name=pay1 )");
  CaptureProcess capture("voice=" + camera.url() + "#picture=no");
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(MediaKind::kAudio, 250, seconds(25)));  // over 5 s: what is missing is told after 3
  check_units(peer, MediaKind::kAudio);
  CHECK_FALSE(peer.parameters.contains(kVideo));
  CHECK(peer.states.back().state == link::SourceState::kLive);
  CHECK(peer.states.back().code.empty());
  CHECK(peer.states.back().detail.empty());
}

TEST_CASE("a camera whose sound nothing here can decode is recorded without it, and that is told") {
  // LDAC has a payloader here, and neither a depayloader nor a decoder.
  Camera camera(
      "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc "
      "tune=zerolatency key-int-max=25 ! rtph264pay name=pay0 config-interval=-1 "
      "audiotestsrc is-live=true samplesperbuffer=256 ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! "
      "capssetter join=false replace=true caps=audio/x-ldac,channels=1,eqmid=0,rate=48000 ! rtpldacpay "
      "name=pay1 )");
  CaptureProcess capture("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(capture.socket());
  const auto told = [&] {
    return !peer.states.empty() && peer.states.back().detail.find("cannot be recorded") != std::string::npos;
  };
  REQUIRE(peer.read_until(told, seconds(25)));
  const auto before = peer.units(kVideo).size();
  REQUIRE(peer.read_units(kVideo, before + 100, seconds(20)));
  CHECK(peer.states.back().state == link::SourceState::kLive);
  CHECK(peer.units(MediaKind::kAudio).empty());
}

TEST_CASE("a connection that stands still for 1.5 s makes units late, and their times no different") {
  Camera camera(pattern("framerate=25/1 !", "key-int-max=25", ""));
  CaptureProcess capture("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 125));
  REQUIRE(::kill(capture.process().pid(), SIGSTOP) == 0);
  std::this_thread::sleep_for(milliseconds(1500));
  REQUIRE(::kill(capture.process().pid(), SIGCONT) == 0);
  REQUIRE(peer.read_units(kVideo, 300));
  const auto& units = peer.units(kVideo);
  Nanoseconds shortest = seconds(1);
  Nanoseconds longest{0};
  for (std::size_t i = 100; i < units.size(); ++i) {
    const auto step = units[i].decode_time - units[i - 1].decode_time;
    shortest = std::min(shortest, step);
    longest = std::max(longest, step);
    CHECK_FALSE(units[i].discontinuity);
  }
  CHECK(shortest > milliseconds(30));
  CHECK(longest < milliseconds(50));
}

}  // namespace
}  // namespace shilu::test

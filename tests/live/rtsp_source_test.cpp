// The real shilu-capture and an RTSP camera on loopback.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "firmware/base/file_system.h"
#include "tests/live/camera_process.h"
#include "tests/live/capture_process.h"
#include "tests/live/tool.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kAudio = MediaKind::kAudio;

// Made once: 12 s with B-pictures and GOPs of a second.
const std::string& counted_movie() {
  static const TemporaryDirectory directory;
  static const std::string file = [] {
    auto path = (directory / "counted.mp4").string();
    make_counted_movie(path, 12, "-c:v libx264 -bf 2 -g 25 -c:a aac");
    return path;
  }();
  return file;
}

std::string pattern(int width, int height) {
  return fmt::format(
      "( videotestsrc is-live=true ! video/x-raw,width={},height={},framerate=25/1 ! x264enc "
      "tune=zerolatency "
      "key-int-max=25 ! rtph264pay name=pay0 config-interval=-1 )",
      width, height);
}

void check_counted(const Peer& peer, std::size_t at_least) {
  check_units(peer, kVideo);
  check_units(peer, kAudio);
  for (const auto& unit : peer.units(kVideo)) CHECK_FALSE(unit.discontinuity);
  const auto numbers = burned_numbers(peer);
  REQUIRE(numbers.size() >= at_least);
  std::vector<int> expected(numbers.size());
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(numbers == expected);
}

// Every frame came: 1024 samples of 48 kHz from one to the next, but for the network's jitter.
void check_contiguous_sound(const Peer& peer) {
  const auto& units = peer.units(kAudio);
  for (std::size_t i = 1; i < units.size(); ++i) {
    const auto ms = static_cast<double>((units[i].decode_time - units[i - 1].decode_time).count()) / 1e6;
    INFO("frame " << units[i].number << (units[i].discontinuity ? " behind a loss" : ""));
    CHECK(ms == Approx(21.333).margin(1.5));
  }
}

// As in the file, where the first picture and the first frame of sound begin together.
void check_in_step(const Peer& peer) {
  const auto distance =
      peer.units(kAudio).front().presentation_time - peer.units(kVideo).front().presentation_time;
  CHECK(static_cast<double>(distance.count()) / 1e6 == Approx(0).margin(6));  // GStreamer leaves 4 ms be
}

TEST_CASE("a camera over TCP: every picture and every AAC frame arrives, with their times") {
  Camera camera(playing(counted_movie()));
  CaptureProcess capture("room=" + camera.url(), {"--transport", "tcp"});
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 200));
  CHECK(peer.hello->kind == "rtsp");
  CHECK(peer.read_state(link::SourceState::kLive, ""));
  check_counted(peer, 195);
  check_contiguous_sound(peer);
  check_in_step(peer);
  CHECK(peer.parameters.at(kVideo).back().nominal_ticks == 3600);
  const auto& audio = peer.parameters.at(kAudio).front();
  CHECK(audio.parameters.codec == Codec::kAac);
  CHECK(audio.parameters.sample_rate == 48'000);
  CHECK(audio.nominal_ticks == 1024);
}

std::size_t threads_named(pid_t process, const std::string& beginning) {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process)))
    count += read_text_file(task.path() / "comm").value_or("").starts_with(beginning) ? 1 : 0;
  return count;
}

TEST_CASE("over TCP nothing waits in a jitter buffer but sound that is encoded anew") {
  const auto jitter_buffers = [](const std::string& sound, const std::string& transport) {
    Camera camera(
        "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc "
        "tune=zerolatency key-int-max=25 ! rtph264pay name=pay0 audiotestsrc is-live=true ! " +
        sound + " name=pay1 )");
    CaptureProcess capture("room=" + camera.url(), {"--transport", transport});
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 25));
    REQUIRE(peer.read_units(kAudio, 25));
    return threads_named(capture.process().pid(), "rtpjitterbuffer");
  };
  CHECK(jitter_buffers("avenc_aac ! rtpmp4gpay", "tcp") == 0);
  CHECK(jitter_buffers("alawenc ! rtppcmapay", "tcp") == 1);
  CHECK(jitter_buffers("avenc_aac ! rtpmp4gpay", "udp") == 2);
}

TEST_CASE("a camera over UDP: every picture and every AAC frame arrives") {
  Camera camera(playing(counted_movie()));
  CaptureProcess capture("room=" + camera.url(), {"--transport", "udp"});
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 150));
  check_counted(peer, 145);
  check_contiguous_sound(peer);
  check_in_step(peer);
}

TEST_CASE("auto begins with TCP and turns to UDP for a camera that has only that") {
  Camera camera(playing(counted_movie()), {"--transport", "udp"});
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  CHECK(peer.read_units(kVideo, 30));
  REQUIRE(peer.states.size() >= 2);
  CHECK(peer.states.back().state == link::SourceState::kLive);
}

TEST_CASE("a camera that dies is lost at once, and resumed behind a gap on the same time axis") {
  Camera camera(pattern(320, 240));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 50));
  const auto died = SystemClock().monotonic();
  camera.kill();
  REQUIRE(peer.read_until([&] { return peer.states.back().state == link::SourceState::kLost; }));
  CHECK(SystemClock().monotonic() - died < seconds(3));
  REQUIRE(peer.read_state(link::SourceState::kLost, "refused"));
  const auto before = peer.units(kVideo).size();
  camera.start();
  const auto back = SystemClock().monotonic();
  REQUIRE(peer.read_units(kVideo, before + 30));
  CHECK(peer.states.back().state == link::SourceState::kLive);
  check_units(peer, kVideo);
  const auto& first = peer.units(kVideo)[before];
  CHECK(first.discontinuity);
  CHECK(first.sync);
  CHECK(first.decode_time + milliseconds(300) > back);  // the camera's own latency lies before it
  for (std::size_t i = 0; i < peer.units(kVideo).size(); ++i) {
    CHECK(peer.units(kVideo)[i].discontinuity == (i == before));
  }
}

TEST_CASE("a camera that freezes is lost within 3 s although its connection stands, and is taken up again") {
  Camera camera(pattern(320, 240));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 40));
  const auto frozen = SystemClock().monotonic();
  camera.freeze();
  REQUIRE(peer.read_state(link::SourceState::kLost, "no-data"));
  CHECK(SystemClock().monotonic() - frozen < milliseconds(3500));
  CHECK(peer.states.back().detail ==
        fmt::format("The camera at 127.0.0.1:{} stopped sending.", camera.port()));
  const auto before = peer.units(kVideo).size();
  camera.thaw();
  REQUIRE(peer.read_units(kVideo, before + 20, seconds(30)));
  CHECK(peer.units(kVideo)[before].discontinuity);
  check_units(peer, kVideo);
}

TEST_CASE("a camera that comes back with another picture size sends its parameters anew") {
  Camera camera(pattern(320, 240));
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 10));
  camera.kill();
  camera.change(pattern(640, 360));
  camera.start();
  REQUIRE(peer.read_until([&] { return peer.parameters.at(kVideo).back().parameters.width == 640; }));
  CHECK(peer.parameters.at(kVideo).back().parameters.height == 360);
  CHECK(peer.order.back() == "parameters video");
  const auto before = peer.units(kVideo).size();
  REQUIRE(peer.read_units(kVideo, before + 5));
  CHECK(peer.units(kVideo)[before].sync);
}

TEST_CASE("a password in the address or in a file opens the camera, and is found nowhere") {
  Camera camera(pattern(320, 240), {"--user", "admin", "--password", "ge@heim"});
  const auto expect_picture = [&](const std::string& credentials, const std::vector<std::string>& more) {
    CaptureProcess capture("room=" + camera.url(credentials), more);
    Peer peer(capture.socket());
    CHECK(peer.read_units(kVideo, 5));
    CHECK(capture.log().find("heim") == std::string::npos);
    const auto arguments = read_text_file(fmt::format("/proc/{}/cmdline", capture.process().pid()));
    REQUIRE(arguments);
    CHECK(arguments->find("heim") == std::string::npos);
  };
  expect_picture("admin:ge@heim@", {});
  expect_picture("admin:ge%40heim@", {});
  const TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "password", as_bytes("ge@heim\n"), 0600));
  expect_picture("", {"--user", "admin", "--password-file", (directory / "password").string()});
}

TEST_CASE("a wrong password and a missing one are told apart from a missing stream") {
  Camera camera(pattern(320, 240), {"--user", "admin", "--password", "geheim"});
  const auto told = [](const std::string& url, std::string_view code) {
    CaptureProcess capture("room=" + url);
    Peer peer(capture.socket());
    INFO(code);
    CHECK(peer.read_state(link::SourceState::kLost, code));
    CHECK(capture.log().find("falsch") == std::string::npos);
    return peer.states.back().detail;
  };
  const auto name = fmt::format("The camera at 127.0.0.1:{}", camera.port());
  CHECK(told(camera.url("admin:falsch@"), "password") == name + " refused the user name or the password.");
  CHECK(told(camera.url(), "password") == name + " asks for a user name and a password.");
  CHECK(told(camera.url("admin:geheim@") + "/nothing", "no-stream") == name + " has no stream of this name.");
}

TEST_CASE("an address without a camera is told apart from one without a device") {
  const auto told = [](const std::string& url, std::string_view code) {
    CaptureProcess capture("room=" + url);
    Peer peer(capture.socket());
    INFO(url);
    CHECK(peer.read_state(link::SourceState::kLost, code));
    return peer.states.back().detail;
  };
  int port = 0;
  {
    Camera gone(pattern(320, 240));
    port = gone.port();
  }
  CHECK(told(fmt::format("rtsp://127.0.0.1:{}/x", port), "refused") ==
        fmt::format("Nobody answers at the camera at 127.0.0.1:{}: the connection was refused.", port));
  CHECK(told("rtsp://no-such-camera.invalid/x", "unreachable") ==
        "The network knows no device with the name no-such-camera.invalid.");
}

TEST_CASE("G.711 sound of a camera is recorded as AAC beside its picture") {
  Camera camera(
      "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc "
      "tune=zerolatency "
      "key-int-max=25 ! rtph264pay name=pay0 audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! "
      "mulawenc ! "
      "rtppcmupay name=pay1 )");
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 50));
  REQUIRE(peer.read_units(kAudio, 50));
  check_units(peer, kVideo);
  check_units(peer, kAudio);
  CHECK(peer.parameters.at(kAudio).front().parameters.codec == Codec::kAac);
  check_contiguous_sound(peer);
}

TEST_CASE("MJPEG of an old camera is recorded as H.264") {
  Camera camera(
      "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,format=I420,framerate=10/1 ! jpegenc ! "
      "rtpjpegpay "
      "name=pay0 )");
  CaptureProcess capture("room=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 30));
  check_units(peer, kVideo);
  CHECK(peer.parameters.at(kVideo).front().parameters.codec == Codec::kH264);
}

}  // namespace
}  // namespace shilu::test

// The real shilu-capture and a microphone of a real sound server (package pulseaudio), which plays a tone
// into it.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

constexpr auto kAudio = MediaKind::kAudio;

bool have(const char* program) {
  return std::system(fmt::format("command -v {} >/dev/null", program).c_str()) == 0;
}

// A sound server of its own with one source, what a room's loudspeaker plays: a sine of 440 Hz, at the pace
// of a sound card.
class SoundServer {
 public:
  SoundServer() {
    ProcessOptions options;
    options.program = "pulseaudio";
    options.arguments = {
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--disable-shm=yes",
        fmt::format("--load=module-native-protocol-unix auth-anonymous=1 socket={}", socket()),
        "--load=module-null-sink sink_name=room rate=48000 channels=1",
        "--load=module-sine sink=room rate=48000 frequency=440"};
    options.extra_environment = {fmt::format("HOME={}", directory_.path().string()),
                                 fmt::format("XDG_RUNTIME_DIR={}", directory_.path().string())};
    options.log_file = directory_ / "log";
    process_ = ChildProcess::start(options).value();
    const bool listens = eventually([&] { return std::filesystem::exists(socket()); });
    INFO(read_text_file(directory_ / "log").value_or(""));
    REQUIRE(listens);
  }
  ~SoundServer() { process_.stop(std::chrono::seconds(2)); }
  std::vector<std::string> environment() const {
    return {fmt::format("PULSE_SERVER=unix:{}", socket()),
            fmt::format("HOME={}", directory_.path().string())};
  }
  void end() { process_.stop(std::chrono::seconds(2)); }

 private:
  std::string socket() const { return (directory_ / "pulse.sock").string(); }
  TemporaryDirectory directory_;
  ChildProcess process_;
};

TEST_CASE("a microphone of PulseAudio is recorded: its tone, without a hole, at the present") {
  if (!have("pulseaudio")) {
    WARN("skipped: pulseaudio is not installed");
    return;
  }
  SoundServer server;
  CaptureProcess capture("mic=pulse://room.monitor", {}, server.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kAudio, 150));
  check_units(peer, kAudio);
  for (const auto& unit : peer.units(kAudio)) CHECK_FALSE(unit.discontinuity);
  const auto age = SystemClock().monotonic() - peer.units(kAudio).back().presentation_time;
  CHECK(age < std::chrono::seconds(1));
  const auto samples = decoded_sound(peer);
  // Zero crossings upwards of one second, a second into it.
  int crossings = 0;
  for (std::size_t i = 48'000; i < 96'000; ++i) crossings += samples[i - 1] < 0 && samples[i] >= 0 ? 1 : 0;
  CHECK(crossings == Approx(440).margin(3));
}

TEST_CASE("a sound server that ends is a lost microphone") {
  if (!have("pulseaudio")) {
    WARN("skipped: pulseaudio is not installed");
    return;
  }
  SoundServer server;
  CaptureProcess capture("mic=pulse://room.monitor", {}, server.environment());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kAudio, 20));
  server.end();
  CHECK(peer.read_state(link::SourceState::kLost, "no-device"));
}

}  // namespace
}  // namespace shilu::test

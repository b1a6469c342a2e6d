// The demonstration cameras through the real shilu-capture: what is counted, and when, as the camera itself
// logs it.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/eventually.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kAudio = MediaKind::kAudio;

class DemoCamera {
 public:
  explicit DemoCamera(const std::string& stream) {
    ProcessOptions options;
    options.program = std::filesystem::path(SHILU_BIN_DIR) / "shilu-demo-camera";
    options.arguments = {
        "--port", "0", "--only", stream, "--sync-marks", "--log", (directory_ / "pictures").string()};
    options.log_file = directory_ / "log";
    auto process = ChildProcess::start(options);
    REQUIRE(process);
    process_ = *process;
    std::string said;
    REQUIRE(eventually([&] {
      said = read_text_file(directory_ / "log").value_or("");
      return said.find("}\n") != std::string::npos;
    }));
    url_ = fmt::format("rtsp://127.0.0.1:{}/{}",
                       parse_json(said.substr(said.find('{'))).value()["port"].get<int>(), stream);
  }
  ~DemoCamera() { process_.stop(milliseconds(500)); }
  const std::string& url() const { return url_; }

  // CLOCK_MONOTONIC at which counter 0 was due: a picture is sent at its time or, on a busy machine, later.
  std::int64_t epoch_ns(int pictures_per_second) {
    process_.stop(milliseconds(500));  // so that its log is whole
    std::istringstream lines(read_text_file(directory_ / "pictures").value());
    std::string stream;
    std::int64_t counter = 0;
    std::int64_t ns = 0;
    std::int64_t epoch = std::numeric_limits<std::int64_t>::max();
    while (lines >> stream >> counter >> ns)
      epoch = std::min(epoch, ns - counter * 1'000'000'000 / pictures_per_second);
    return epoch;
  }

 private:
  TemporaryDirectory directory_;
  ChildProcess process_;
  std::string url_;
};

// The strip of tests/demo/frame.h: 24 bits of counter and 8 of check, 16 pixels each; nullopt when the check
// fails.
std::optional<int> counter_of(const Picture& picture) {
  std::uint32_t word = 0;
  for (std::size_t block = 0; block < 32; ++block)
    word = word << 1 | (picture.at(block * 16 + 8, 8) > 125 ? 1u : 0u);
  const auto counter = word >> 8;
  const auto check = (counter >> 16 ^ counter >> 8 ^ counter ^ 0xa5u) & 0xffu;
  return check == (word & 0xffu) ? std::optional(static_cast<int>(counter)) : std::nullopt;
}

struct Lag {
  double least_ms = 1e9;
  double most_ms = -1e9;
};

// Counters strictly consecutive; gives how long after the camera's own time the capture puts them.
Lag check_counters(const std::vector<Picture>& pictures, DemoCamera& camera, int pictures_per_second) {
  const auto epoch = camera.epoch_ns(pictures_per_second);
  Lag lag;
  std::optional<int> last;
  for (const auto& picture : pictures) {
    const auto counter = counter_of(picture);
    REQUIRE(counter);
    if (last) CHECK(*counter == *last + 1);
    last = counter;
    const auto due = epoch + *counter * 1'000'000'000LL / pictures_per_second;
    const auto ms = static_cast<double>(picture.shown.ns - due) / 1e6;
    lag.least_ms = std::min(lag.least_ms, ms);
    lag.most_ms = std::max(lag.most_ms, ms);
  }
  return lag;
}

double luma_of(const Picture& picture) {
  const auto sum =
      std::accumulate(picture.luma.begin(), picture.luma.end(), 0.0,
                      [](double total, char value) { return total + static_cast<std::uint8_t>(value); });
  return sum / static_cast<double>(picture.luma.size());
}

// Times of the first white picture of each flash and of the first loud sample of each beep.
std::vector<std::int64_t> flashes(const std::vector<Picture>& pictures) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 1; i < pictures.size(); ++i) {
    if (luma_of(pictures[i]) > 200 && luma_of(pictures[i - 1]) <= 200) times.push_back(pictures[i].shown.ns);
  }
  return times;
}

std::vector<std::int64_t> beeps(const Peer& peer) {
  const auto samples = decoded_sound(peer);
  const auto start = peer.units(kAudio).front().presentation_time.ns;
  constexpr std::size_t kQuiet = 24'000;
  std::vector<std::int64_t> times;
  std::size_t quiet = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool loud = std::abs(samples[i]) > 4000;
    if (loud && quiet >= kQuiet)
      times.push_back(start + static_cast<std::int64_t>(i) * 1'000'000'000 / 48'000);
    quiet = loud ? 0 : quiet + 1;
  }
  return times;
}

TEST_CASE("the room camera: every counter once, at the camera's time, with sound and picture in step") {
  for (const auto* transport : {"tcp", "udp"}) {
    DemoCamera camera("room");
    CaptureProcess capture("room=" + camera.url(), {"--transport", transport});
    Peer peer(capture.socket());
    INFO(transport);
    REQUIRE(peer.read_units(kVideo, 200, std::chrono::seconds(20)));
    check_units(peer, kVideo);
    check_units(peer, kAudio);
    const auto pictures = decoded_pictures(peer);
    const auto lag = check_counters(pictures, camera, 25);
    CHECK(lag.least_ms > -5);
    CHECK(lag.most_ms < 150);  // encoding and the network; no part of GStreamer's 2 s of latency
    CHECK(lag.most_ms - lag.least_ms < 40);
    const auto white = flashes(pictures);
    const auto loud = beeps(peer);
    REQUIRE(white.size() >= 3);
    int compared = 0;
    for (const auto flash : white) {
      const auto near = std::find_if(loud.begin(), loud.end(),
                                     [&](std::int64_t beep) { return std::abs(beep - flash) < 500'000'000; });
      if (near == loud.end()) continue;  // at the very end the other half may be missing
      CHECK(std::abs(static_cast<double>(*near - flash)) / 1e6 < 45);
      ++compared;
    }
    CHECK(compared >= 2);
  }
}

TEST_CASE("the board camera: every counter once, at the camera's time") {
  DemoCamera camera("board");
  CaptureProcess capture("board=" + camera.url());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 90));
  check_units(peer, kVideo);
  const auto lag = check_counters(decoded_pictures(peer), camera, 15);
  CHECK(lag.least_ms > -5);
  CHECK(lag.most_ms < 150);
  CHECK(peer.parameters.at(kVideo).back().nominal_ticks == 6000);
  CHECK(peer.units(kAudio).empty());
}

}  // namespace
}  // namespace shilu::test

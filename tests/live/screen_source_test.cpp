// The real shilu-capture on an X server of its own (package xvfb).
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <sstream>
#include <string>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

constexpr auto kVideo = MediaKind::kVideo;

class Screen {
 public:
  Screen() {
    ProcessOptions options;
    options.program = "Xvfb";  // package xvfb
    options.arguments = {"-displayfd", "1", "-screen", "0", "1366x768x24", "-nolisten", "tcp"};
    options.log_file = directory_ / "log";
    auto process = ChildProcess::start(options);
    REQUIRE(process);
    process_ = *process;
    REQUIRE(eventually([&] { return !number().empty(); }));
    name_ = ":" + number();
  }
  ~Screen() { process_.stop(std::chrono::seconds(2)); }
  const std::string& name() const { return name_; }
  void end() { process_.stop(std::chrono::seconds(2)); }

 private:
  // The line that is a number: where another server has the first display, its complaints stand before it.
  std::string number() const {
    std::istringstream log(read_text_file(directory_ / "log").value_or(""));
    for (std::string line; std::getline(log, line) && !log.eof();) {
      if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) return line;
    }
    return "";
  }

  TemporaryDirectory directory_;
  ChildProcess process_;
  std::string name_;
};

TEST_CASE("a screen is recorded at a steady rate although nothing moves on it") {
  Screen screen;
  CaptureProcess capture(fmt::format("board=screen://{}?fps=12", screen.name()));
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 60));
  check_units(peer, kVideo);
  const auto& track = peer.parameters.at(kVideo).back();
  CHECK(track.parameters.width == 1366);
  CHECK(track.parameters.height == 768);
  CHECK(track.nominal_ticks == 7500);
  for (const auto& unit : peer.units(kVideo)) CHECK(unit.sync == ((unit.number - 1) % 12 == 0));
  CHECK(decoded_pictures(peer).size() == peer.units(kVideo).size());
}

// Xlib ends a process whose server is gone; the recorder starts a new one, which tells that there is no
// screen.
TEST_CASE("a capture whose X server ends does not hang") {
  Screen screen;
  CaptureProcess capture("board=screen://" + screen.name());
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 5));
  screen.end();
  CHECK(capture.exit_status(std::chrono::seconds(5)).has_value());
  CaptureProcess next("board=screen://" + screen.name());
  Peer next_peer(next.socket());
  CHECK(next_peer.read_state(link::SourceState::kLost, "no-device"));
}

}  // namespace
}  // namespace shilu::test

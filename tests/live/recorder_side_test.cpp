// What the capture promises to the recorder, whatever the source.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/base/eventually.h"
#include "tests/live/capture_process.h"

namespace shilu::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kVideo = MediaKind::kVideo;
constexpr auto kSource = "room=test://pattern?fps=25&width=160&height=120";

TEST_CASE("a successor gets every unit that its predecessor did not call durable") {
  CaptureProcess capture(kSource);
  std::vector<link::AccessUnit> first;
  {
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 60));
    first = peer.units(kVideo);
    peer.acknowledge(kVideo, 25);
    peer.acknowledge(MediaKind::kAudio, 10);
    // Everything read after the acknowledgement proves nothing about it; a second connection does.
  }
  Peer successor(capture.socket());
  REQUIRE(successor.read_until([&] {
    const auto& units = successor.units(kVideo);
    return !units.empty() && units.back().number >= first.back().number + 25;
  }));
  CHECK(successor.order[0] == "hello");
  CHECK(successor.order[1] == "state");
  CHECK(successor.states.front().state == link::SourceState::kLive);
  CHECK(successor.units(kVideo).front().number == 26);
  CHECK(successor.units(MediaKind::kAudio).front().number == 11);
  check_units(successor, kVideo);
  check_units(successor, MediaKind::kAudio);
  // Byte for byte what the first one got.
  for (const auto& unit : successor.units(kVideo)) {
    CHECK_FALSE(unit.discontinuity);
    if (unit.number > first.back().number) break;
    const auto& before = first[unit.number - 1];
    CHECK(unit.data == before.data);
    CHECK(unit.decode_time == before.decode_time);
  }
}

TEST_CASE("a newer peer replaces the older one, also when that one does not read") {
  CaptureProcess capture(kSource);
  Peer stuck(capture.socket());
  REQUIRE(stuck.read_units(kVideo, 1));
  Peer newer(capture.socket());
  CHECK(newer.read_units(kVideo, 30));
  stuck.read_until([&] { return stuck.closed(); });
  CHECK(stuck.closed());
}

TEST_CASE("a peer that speaks nonsense is dropped, and the capture goes on") {
  CaptureProcess capture(kSource);
  auto fd = connect_unix(capture.socket());
  REQUIRE(eventually([&] { return (fd = connect_unix(capture.socket())).has_value(); }));
  MessageChannel channel(std::move(*fd));
  REQUIRE(channel.send("nonsense"));
  CHECK(eventually([&] { return capture.log().find("the recorder is dropped") != std::string::npos; }));
  Peer peer(capture.socket());
  CHECK(peer.read_units(kVideo, 5));
}

TEST_CASE("shutdown and SIGTERM end the capture at once and in good order") {
  {
    CaptureProcess capture(kSource);
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 5));
    peer.shutdown();
    CHECK(capture.exit_status(milliseconds(1500)) == 0);
    CHECK_FALSE(std::filesystem::exists(capture.socket()));
  }
  CaptureProcess capture(kSource);
  Peer peer(capture.socket());
  REQUIRE(peer.read_units(kVideo, 5));
  ::kill(capture.process().pid(), SIGTERM);
  CHECK(capture.exit_status(milliseconds(1500)) == 0);
}

TEST_CASE("without a recorder the capture lives on for a while, then ends") {
  CaptureProcess capture(kSource, {"--linger", "1"});
  {
    Peer peer(capture.socket());
    REQUIRE(peer.read_units(kVideo, 40));  // longer than the second: a peer keeps it alive
  }
  CHECK_FALSE(capture.exit_status(milliseconds(300)));
  CHECK(capture.exit_status(seconds(4)) == 0);
}

TEST_CASE("a second capture on the same socket is refused") {
  CaptureProcess capture(kSource);
  Peer peer(capture.socket());
  ProcessOptions options;
  options.program = std::filesystem::path(SHILU_BIN_DIR) / "shilu-capture";
  options.arguments = {"--source", kSource, "--socket", capture.socket().string()};
  options.log_file = capture.directory() / "second.log";
  auto second = ChildProcess::start(options);
  REQUIRE(second);
  REQUIRE(eventually([&] { return second->poll().has_value(); }));
  CHECK(second->poll() == 1);
}

TEST_CASE("wrong use is told apart from failure") {
  for (const auto* source : {"room", "room=ftp://x", "room=test://x?fps=0", "Room=test://x"}) {
    CaptureProcess capture(source);
    INFO(source);
    CHECK(capture.exit_status(seconds(5)) == 2);
    CHECK_FALSE(capture.log().empty());
  }
}

}  // namespace
}  // namespace shilu::test

#include "capture/recorder/source_supervisor.h"

#include <catch2/catch.hpp>

#include <fstream>

#include "firmware/base/log.h"
#include "tests/base/eventually.h"
#include "tests/base/temporary_directory.h"
#include "tests/recorder/fake_capture_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using std::chrono::milliseconds;

namespace {

struct Listener final : SourceListener {
  std::mutex mutex;
  std::vector<std::uint64_t> peers;
  std::vector<link::StateChange> states;
  std::vector<std::uint64_t> pictures;
  int lost = 0;

  void peer_connected(std::uint64_t peer) override { put(peers, peer); }
  void peer_lost() override {
    const std::lock_guard lock(mutex);
    ++lost;
  }
  void state_changed(const link::StateChange& change) override { put(states, change); }
  void parameters_changed(const link::TrackParameters&) override {}
  void unit_arrived(link::AccessUnit unit) override {
    if (unit.kind == MediaKind::kVideo) put(pictures, unit.number);
  }
  template <typename T>
  void put(std::vector<T>& list, const T& item) {
    const std::lock_guard lock(mutex);
    list.push_back(item);
  }
  template <typename Condition>
  bool await(Condition condition) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return condition();
    });
  }
};

struct Bench {
  TemporaryDirectory root;
  Listener listener;
  SourceSupervisor::Options options;

  Bench() {
    set_log_identity("test", static_cast<LogLevel>(0));
    options.source = {"room", "rtsp", true, {}};
    options.runtime_directory = root.path();
    options.capture_program = root / "no-such-program";
    options.first_backoff = milliseconds(20);
    options.longest_backoff = milliseconds(100);
  }
  // A capture program that only notes that it was started.
  void noting_program() {
    options.capture_program = root / "capture";
    std::ofstream(options.capture_program)
        << "#!/bin/sh\necho \"$@\" >> " << (root / "started").string() << "\nexit 3\n";
    std::filesystem::permissions(options.capture_program, std::filesystem::perms::owner_all);
  }
  std::size_t starts() const {
    std::ifstream file(root / "started");
    std::string line;
    std::size_t count = 0;
    while (std::getline(file, line)) ++count;
    return count;
  }
};

}  // namespace

TEST_CASE("a capture that is alive is taken over, not started again") {
  Bench bench;
  bench.noting_program();
  FakeCapture room(bench.root.path(), "room");
  SourceSupervisor supervisor(bench.options, bench.listener);
  supervisor.start();
  REQUIRE(bench.listener.await([&] { return bench.listener.pictures.size() > 5; }));
  CHECK(bench.starts() == 0);
  CHECK(bench.listener.pictures.front() == 1);  // all that it held
}

TEST_CASE("a capture that ends is started again, at once and then ever more slowly") {
  Bench bench;
  bench.noting_program();
  bench.options.source.capture_arguments = {"--source", "room=test://"};
  SourceSupervisor supervisor(bench.options, bench.listener);
  supervisor.start();
  REQUIRE(eventually([&] { return bench.starts() >= 3; }));
  supervisor.end(SourceSupervisor::Ending::kShutDown);
  std::ifstream file(bench.root / "started");
  std::string line;
  std::getline(file, line);
  CHECK(line == "--source room=test:// --socket " + (bench.root / "capture-room.sock").string());
  CHECK(bench.listener.await([&] { return bench.listener.states.back().code == "failed"; }));
}

TEST_CASE("the same process on a new connection is the same peer, another process is another") {
  Bench bench;
  auto room = std::make_unique<FakeCapture>(bench.root.path(), "room", 11);
  SourceSupervisor supervisor(bench.options, bench.listener);
  supervisor.start();
  REQUIRE(bench.listener.await([&] { return bench.listener.peers.size() == 1; }));
  room->hang_up();
  REQUIRE(bench.listener.await([&] { return bench.listener.peers.size() == 2; }));
  room.reset();
  room = std::make_unique<FakeCapture>(bench.root.path(), "room", 12);
  REQUIRE(bench.listener.await([&] { return bench.listener.peers.size() == 3; }));
  CHECK(bench.listener.peers[0] == bench.listener.peers[1]);
  CHECK(bench.listener.peers[2] != bench.listener.peers[1]);
}

TEST_CASE("what is acknowledged to another process is not said to this one") {
  Bench bench;
  FakeCapture room(bench.root.path(), "room", 11);
  SourceSupervisor supervisor(bench.options, bench.listener);
  supervisor.start();
  REQUIRE(bench.listener.await([&] { return bench.listener.pictures.size() > 8; }));
  const auto peer = bench.listener.peers.at(0);
  supervisor.acknowledge(MediaKind::kVideo, {peer + 1, 5});
  supervisor.acknowledge(MediaKind::kVideo, {peer, 3});
  REQUIRE(eventually([&] { return room.forgotten(MediaKind::kVideo) == 3; }));
}

TEST_CASE("a process of another source on the socket is not believed") {
  Bench bench;
  FakeCapture other(bench.root.path(), "board");
  std::filesystem::rename(bench.root / "capture-board.sock", bench.root / "capture-room.sock");
  SourceSupervisor supervisor(bench.options, bench.listener);
  supervisor.start();
  REQUIRE(bench.listener.await([&] { return !bench.listener.states.empty(); }));
  CHECK(bench.listener.states[0].code == "failed");
  CHECK(bench.listener.peers.empty());
}

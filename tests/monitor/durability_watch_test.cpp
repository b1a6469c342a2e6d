#include "capture/monitor/durability_watch.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::monitor;

namespace {

// A recorder's status once a second.
struct Bench {
  DurabilityWatch watch;
  MonotonicTime now{100'000'000'000};
  recorder::RecorderStatus status;

  Bench() {
    status.state = "recording";
    status.lesson.emplace();
    recorder::SourceStatus source;
    source.state = "live";
    source.tracks.resize(1);
    source.tracks[0].name = "room.audio";
    status.sources = {source};
  }
  void run(int seconds, bool durable) {
    for (; seconds > 0; --seconds) {
      now = now + std::chrono::seconds(1);
      status.lesson->elapsed_ms += 1000;
      if (durable) status.sources[0].tracks[0].durable_ms += 1000;
      watch.look(status, now);
    }
  }
};

}  // namespace

TEST_CASE("a track of which nothing becomes durable is told of after 6 s, until something does") {
  Bench bench;
  bench.run(10, true);
  bench.run(6, false);
  CHECK(bench.watch.alarms().empty());
  bench.run(1, false);
  CHECK(bench.watch.alarms() ==
        std::vector<Alarm>{{"room.audio", AlarmKind::kNotDurable, LessonTime::from_ms(17'000)}});
  bench.status.state = "fault";  // as the recorder itself calls it
  bench.run(1, false);
  CHECK(bench.watch.alarms().size() == 1);
  bench.run(1, true);
  CHECK(bench.watch.alarms().empty());
}

TEST_CASE("a picture that is told as missing is not told once more as not durable; its sound is") {
  Bench bench;
  bench.status.sources[0].tracks[0].name = "room.video";
  bench.status.sources[0].picture_missing = true;
  bench.run(60, false);
  CHECK(bench.watch.alarms().empty());
  bench.status.sources[0].picture_missing = false;
  bench.run(7, false);
  CHECK(bench.watch.alarms().size() == 1);
  bench.status.sources[0].tracks[0].name = "room.audio";
  bench.status.sources[0].picture_missing = true;
  bench.run(8, false);
  CHECK(bench.watch.alarms().back().track == "room.audio");
}

TEST_CASE("in a private moment and after a stop nothing has to become durable") {
  for (const auto* state : {"private", "stopping"}) {
    INFO(state);
    Bench bench;
    bench.run(10, true);
    bench.status.state = state;
    bench.run(60, false);
    CHECK(bench.watch.alarms().empty());
    bench.status.state = "recording";  // and then there are 6 s again
    bench.run(6, false);
    CHECK(bench.watch.alarms().empty());
    bench.run(1, false);
    CHECK(bench.watch.alarms().size() == 1);
  }
}

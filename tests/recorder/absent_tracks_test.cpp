// Sources and tracks of which nothing comes: what the journal says of them, also after a power cut.

#include <catch2/catch.hpp>

#include "capture/journal/lesson_folder.h"
#include "tests/recorder/simulated_lesson_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

const std::vector<std::string> kClean;

struct Deaf final : DurableListener {
  void epoch_durable(const journal::EpochEvent&) override {}
  void fragment_durable(const std::string&, const journal::FragmentRecord&) override {}
  void units_durable(const std::string&, UnitName) override {}
};

// A second camera's picture, which the lesson knows of.
std::size_t add_lectern(SimulatedLesson& sim) {
  TrackState picture;
  picture.name = "lectern.video";
  return sim.lesson().writer().add_track(std::move(picture));
}

std::vector<journal::GapEvent> gaps_of(const SimulatedLesson& sim, std::string_view track) {
  auto folder = journal::LessonFolder::open(sim.directory());
  REQUIRE(folder);
  auto gaps = folder->gaps();
  std::erase_if(gaps, [&](const auto& gap) { return gap.track != track; });
  return gaps;
}

}  // namespace

TEST_CASE("a source of which nothing came is one gap over all") {
  FaultFileSystem files;
  ManualClock clock;
  const auto key = test_key();
  TemporaryDirectory root;
  Deaf deaf;
  auto info = test_lesson(clock.monotonic(), {{"room", "rtsp", false}, {"microphone", "alsa", false}});
  auto lesson = LiveLesson::begin({files, clock, key, {}, deaf}, info, root / "lesson", sha256("salt T001"));
  REQUIRE(lesson);
  clock.advance(std::chrono::seconds(7));
  REQUIRE(
      (*lesson)->finish(LessonTime{7 * kSecond}, "user", [](const auto&) { return GapReason::kSourceLost; }));
  const auto folder = journal::LessonFolder::open(root / "lesson");
  const auto gaps = folder->gaps();
  REQUIRE(gaps.size() == 2);
  CHECK(gaps[0].track == "room.video");
  CHECK(gaps[1].track == "microphone.audio");
  for (const auto& gap : gaps) {
    CHECK(gap.from == LessonTime{0});
    CHECK(gap.to == LessonTime{7 * kSecond});
  }
}

TEST_CASE("a network source that gives sound alone is not missing its picture") {
  FaultFileSystem files;
  TemporaryDirectory root;
  const auto key = test_key();
  Deaf deaf;
  ManualClock clock;
  auto lesson = LiveLesson::begin({files, clock, key, {}, deaf},
                                  test_lesson(clock.monotonic(), {{"voice", "rtsp", true}}), root / "lesson",
                                  sha256("salt T001"));
  REQUIRE(lesson);
  TrackState sound;
  sound.name = "voice.audio";
  sound.kind = MediaKind::kAudio;
  (*lesson)->writer().add_track(sound);
  clock.advance(std::chrono::seconds(3));
  REQUIRE(
      (*lesson)->finish(LessonTime{3 * kSecond}, "user", [](const auto&) { return GapReason::kSourceLost; }));
  const auto gaps = journal::LessonFolder::open(root / "lesson")->gaps();
  REQUIRE(gaps.size() == 1);  // of the sound, of which nothing was stored
  CHECK(gaps[0].track == "voice.audio");
}

TEST_CASE("a picture that never came is declared missing although a power cut ends the lesson") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  add_lectern(sim);
  sim.run(14);
  sim.kill();
  REQUIRE(sim.recover_and_close());
  CHECK(sim.violations() == kClean);
  const auto gaps = gaps_of(sim, "lectern.video");
  REQUIRE(gaps.size() == 2);
  CHECK(gaps[0].from == LessonTime{0});
  CHECK(gaps[0].reason == "source-lost");
  CHECK(gaps[1].from == gaps[0].to);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(gaps[1].to == LessonTime{folder->duration().count()});
  CHECK(folder->duration() > std::chrono::seconds(11));
}

TEST_CASE("nothing is declared early of a track of which something came, or still may come") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  SECTION("a private moment") {
    add_lectern(sim);
    sim.run(3);
    REQUIRE(sim.begin_private());
    sim.run(14);
    REQUIRE(sim.go_on());
    sim.run(9);
    CHECK(gaps_of(sim, "lectern.video").empty());
    sim.run(3);
    CHECK(gaps_of(sim, "lectern.video").size() == 1);
  }
  SECTION("it was plugged in late") {
    sim.run(12);
    add_lectern(sim);
    sim.run(9);
    CHECK(gaps_of(sim, "lectern.video").empty());
    sim.run(3);
    REQUIRE(gaps_of(sim, "lectern.video").size() == 1);
    CHECK(gaps_of(sim, "lectern.video").front().from == LessonTime{0});
  }
  SECTION("it may still come") {
    add_lectern(sim);
    sim.run(9);
    CHECK(gaps_of(sim, "lectern.video").empty());
  }
  SECTION("it came") {
    const auto lectern = add_lectern(sim);
    sim.run(1);
    CHECK_FALSE(sim.lesson().writer().offer(lectern, second_of_pictures(0), sim.clock().monotonic()));
    sim.run(13);
    CHECK(gaps_of(sim, "lectern.video").empty());
  }
}

TEST_CASE("a picture that comes late begins behind what was declared") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  const auto lectern = add_lectern(sim);
  sim.run(11);
  REQUIRE(gaps_of(sim, "lectern.video").size() == 1);
  const auto until = gaps_of(sim, "lectern.video").front().to;
  auto& writer = sim.lesson().writer();
  SECTION("and one that is older is lost, up to the next key picture") {
    CHECK(writer.offer(lectern, second_of_pictures(4), sim.clock().monotonic()) == GapReason::kSourceLost);
  }
  CHECK_FALSE(writer.offer(lectern, second_of_pictures(10), sim.clock().monotonic()));
  sim.run(2);
  const auto tracks = writer.tracks();
  const auto& counters = tracks.back().state.counters;
  CHECK(counters.received == 25);
  CHECK(counters.expected == 11 * 25);  // what was declared before its rate was known among it
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto gaps = gaps_of(sim, "lectern.video");
  REQUIRE(gaps.size() == 3);
  CHECK(gaps[1].from == until);
  CHECK(gaps[1].to == LessonTime{10 * kSecond});
  CHECK(gaps[2].from == LessonTime{11 * kSecond});
}

// Pre-roll, private moments, stops that are taken back: what is on the disk after them, also when the disk
// failed or the power was cut in the middle.

#include <catch2/catch.hpp>

#include <algorithm>

#include "capture/journal/lesson_folder.h"
#include "firmware/base/ids.h"
#include "tests/recorder/simulated_lesson_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

const std::vector<std::string> kClean;

template <typename Event>
std::vector<Event> events_in(const std::filesystem::path& directory) {
  std::vector<Event> events;
  const auto folder = journal::LessonFolder::open(directory);
  for (const auto& stored : folder->records()) {
    const auto* event = std::get_if<journal::EventRecord>(&stored.record);
    if (event == nullptr) continue;
    if (const auto* body = std::get_if<Event>(&event->body)) events.push_back(*body);
  }
  return events;
}

std::vector<journal::GapEvent> gaps_of(const std::filesystem::path& directory, std::string_view reason) {
  std::vector<journal::GapEvent> gaps;
  for (const auto& gap : journal::LessonFolder::open(directory)->gaps()) {
    if (gap.reason == reason) gaps.push_back(gap);
  }
  return gaps;
}

// Starts of all fragments of a track, ms of lesson time.
std::vector<std::int64_t> starts(const std::filesystem::path& directory, std::size_t track) {
  std::vector<std::int64_t> starts;
  const auto folder = journal::LessonFolder::open(directory);
  for (const auto& epoch : folder->tracks()[track].epochs) {
    for (const auto position : epoch.fragments) {
      const auto& record = std::get<journal::FragmentRecord>(folder->records()[position].record);
      starts.push_back(LessonTime{ns_from_ticks(record.start_ticks, epoch.event.timescale)}.ms());
    }
  }
  return starts;
}

// Nothing of any track begins in [from, to).
bool silent(const std::filesystem::path& directory, std::int64_t from_ms, std::int64_t to_ms) {
  for (std::size_t track = 0; track < 2; ++track) {
    for (const auto start : starts(directory, track)) {
      if (start >= from_ms && start < to_ms) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("pre-roll is recorded before 0, and the lesson still counts from the press") {
  SimulatedLesson sim;
  sim.pre_roll = std::chrono::seconds(30);
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->duration() == std::chrono::seconds(5));
  CHECK(folder->recorded_from() == LessonTime{-30 * kSecond});
  CHECK(folder->gaps().empty());
  CHECK(sim.counters("room.video").size() == 35 * 25);
  CHECK(consecutive(sim.counters("room.video")));
  CHECK(consecutive(sim.counters("room.audio")));
}

TEST_CASE("the movie of a lesson begins at the press, and a clip may begin before it") {
  SimulatedLesson sim;
  sim.pre_roll = std::chrono::seconds(30);
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.stop());
  const auto folder = journal::LessonFolder::open(sim.directory());
  const auto whole = folder->movie("room");
  REQUIRE(whole);
  const auto clip =
      folder->movie("room", TimeRange{LessonTime::from_ms(-12'000), LessonTime::from_ms(2'000)});
  REQUIRE(clip);
  // A fragment is a second of either track; a clip has one of lead-in at most.
  const auto fragments_of = [&](const journal::LessonFolder::SourceMovie& movie) {
    return std::count_if(movie.leaves.begin(), movie.leaves.end(), [&](std::uint64_t leaf) {
      return std::holds_alternative<journal::FragmentRecord>(folder->records()[leaf - 1].record);
    });
  };
  CHECK(fragments_of(*whole) <= 2 * 7);
  CHECK(fragments_of(*clip) >= 2 * 14);
  CHECK(fragments_of(*clip) <= 2 * 16);
}

TEST_CASE("a lesson that is killed while its pre-roll is written goes on without a hole") {
  SimulatedLesson sim;
  sim.pre_roll = std::chrono::seconds(30);
  REQUIRE(sim.begin());
  sim.run(1);
  sim.kill();
  REQUIRE(sim.recover_and_resume());
  sim.run(4);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  CHECK(journal::LessonFolder::open(sim.directory())->gaps().empty());
  CHECK(consecutive(sim.counters("room.video")));
}

TEST_CASE("a private moment leaves nothing but its gap, and one event with its borders") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.begin_private());
  sim.run(4);
  REQUIRE(sim.go_on());
  sim.run(5);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto moments = events_in<journal::PrivateEvent>(sim.directory());
  REQUIRE(moments.size() == 1);
  CHECK(moments[0].from == LessonTime{5 * kSecond});
  CHECK(moments[0].to == LessonTime{9 * kSecond});
  const auto gaps = gaps_of(sim.directory(), "private");
  REQUIRE(gaps.size() == 2);
  CHECK(journal::LessonFolder::open(sim.directory())->gaps().size() == 2);
  for (const auto& gap : gaps) {
    CHECK(gap.from.seconds() == Approx(5).margin(0.05));
    CHECK(gap.to.ms() >= 9'000);
    CHECK(gap.to.ms() < 10'000);  // the next IDR
  }
  CHECK(silent(sim.directory(), 5'000, 9'000));
}

TEST_CASE("a mark in a private moment is refused in words, one pressed before it lands") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.begin_private());
  sim.run(1);
  const auto refused = sim.mark(new_uuid());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kPermissionDenied);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("private moment"));
  MarkRequest request;
  request.id = new_uuid();
  request.pressed = sim.clock().monotonic() + std::chrono::milliseconds(-1'500);
  const auto landed = sim.lesson().mark(request);
  REQUIRE(landed);
  CHECK(landed->mark.at == LessonTime::from_ms(4'500));
}

TEST_CASE("a lesson that is stopped in a private moment ends in a declared gap") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.begin_private());
  sim.run(3);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  CHECK(events_in<journal::PrivateEvent>(sim.directory()).size() == 1);
  CHECK(gaps_of(sim.directory(), "private").size() == 2);
  CHECK(journal::LessonFolder::open(sim.directory())->duration() == std::chrono::seconds(8));
}

TEST_CASE("a private moment outlives the power: nothing is recorded until somebody ends it") {
  const bool earlier_boot = GENERATE(false, true);
  SimulatedLesson sim;
  sim.earlier_boot = earlier_boot;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.begin_private());
  sim.kill();
  sim.files().power_cut();
  sim.clock().advance(std::chrono::seconds(2));
  REQUIRE(sim.recover_and_resume());
  REQUIRE(sim.lesson().away());
  CHECK(sim.lesson().away()->since == LessonTime{5 * kSecond});
  sim.run(3);
  REQUIRE(sim.go_on());
  sim.run(4);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  CHECK(silent(sim.directory(), 5'000, 10'000));
  CHECK(starts(sim.directory(), 0).back() > 10'000);
}

TEST_CASE("whatever operation fails around a private moment, nothing of it reaches the disk") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(2);
    sim.files().fail_operation(n, ErrorKind::kUnavailable, n % 3 == 0 ? 7u : 0u);
    static_cast<void>(sim.begin_private());
    sim.run(2);
    static_cast<void>(sim.go_on());
    sim.run(3);
    const bool stopped = sim.stop();
    reached = sim.files().operations() >= n;
    INFO("operation " << n);
    CHECK(sim.violations() == kClean);
    CHECK(silent(sim.directory(), 2'000, 4'000));
    if (stopped) CHECK(events_in<journal::PrivateEvent>(sim.directory()).size() == 1);
  }
  CHECK(n > 20);
}

TEST_CASE("the power is cut at any operation around a private moment") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(2);
    sim.files().fail_from(n, n % 2 == 0 ? 5u : 0u);
    const bool told = sim.begin_private();
    sim.run(2);
    const bool back = sim.go_on();
    sim.run(2);
    reached = sim.files().operations() >= n;
    sim.kill();
    sim.files().torn_power_cut(static_cast<unsigned>(n));
    INFO("operation " << n);
    CHECK(sim.violations() == kClean);
    REQUIRE(sim.recover_and_resume());
    // Who was told that it is private stays in private; who was told that it is over does not.
    if (told && !back)
      CHECK((sim.lesson().away() || events_in<journal::PrivateEvent>(sim.directory()).size() == 1));
    if (back) CHECK_FALSE(sim.lesson().away());
    if (sim.lesson().away()) REQUIRE(sim.go_on());
    sim.run(2);
    REQUIRE(sim.stop());
    CHECK(sim.violations() == kClean);
    if (told) CHECK(silent(sim.directory(), 2'000, 4'000));
  }
  CHECK(n > 10);
}

TEST_CASE("a stop that is taken back leaves a gap, and the lesson goes on") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.stop_for_now());
  CHECK_FALSE(sim.mark(new_uuid()));
  sim.run(12);
  REQUIRE(sim.go_on());
  sim.run(4);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto continued = events_in<journal::ContinuedEvent>(sim.directory());
  REQUIRE(continued.size() == 1);
  CHECK(continued[0].from == LessonTime{5 * kSecond});
  CHECK(continued[0].to == LessonTime{17 * kSecond});
  CHECK(gaps_of(sim.directory(), "stopped").size() == 2);
  CHECK(silent(sim.directory(), 5'000, 17'000));
  CHECK(journal::LessonFolder::open(sim.directory())->duration() == std::chrono::seconds(21));
}

TEST_CASE("a stop that nobody takes back ends the lesson where it was stopped") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  REQUIRE(sim.stop_for_now());
  sim.run(10);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->finished());
  CHECK(folder->duration() == std::chrono::seconds(5));
  CHECK(folder->gaps().empty());
}

TEST_CASE("the wall clock set back by a day, and midnight, change nothing but what is told of the clock") {
  SimulatedLesson sim;
  sim.clock().set_wall(*wall_from_rfc3339("2026-11-27T23:59:50Z"));
  REQUIRE(sim.begin());
  sim.run(15);
  sim.clock().set_wall(*wall_from_rfc3339("2026-11-27T00:00:05Z"));
  sim.run(10);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->duration() == std::chrono::seconds(25));
  CHECK(folder->gaps().empty());
  CHECK(consecutive(sim.counters("room.video")));
  const auto clocks = events_in<journal::ClockEvent>(sim.directory());
  // At 0 and 10 s, at once when it was set, 10 s after that, and at the stop.
  REQUIRE(clocks.size() >= 4);
  CHECK(std::any_of(clocks.begin(), clocks.end(),
                    [](const auto& one) { return one.utc.starts_with("2026-11-28T00:00"); }));
  CHECK(std::any_of(clocks.begin(), clocks.end(),
                    [](const auto& one) { return one.utc.starts_with("2026-11-27T00:00:06"); }));
}

TEST_CASE("a lesson of an earlier boot goes on: its time is what the wall clock says, the outage is a gap") {
  SimulatedLesson sim;
  sim.earlier_boot = true;
  REQUIRE(sim.begin());
  sim.run(22);
  sim.kill();
  sim.files().power_cut();
  sim.clock().advance(std::chrono::seconds(90));
  REQUIRE(sim.recover_and_resume());
  CHECK(sim.lesson().now().seconds() == Approx(112).margin(0.01));
  sim.run(5);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto rebases = events_in<journal::RebaseEvent>(sim.directory());
  REQUIRE(rebases.size() == 1);
  CHECK(rebases[0].reason == "reboot");
  CHECK(rebases[0].synchronised);
  CHECK(rebases[0].error_ms == 2);  // 1 ms of each clock
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->duration() == std::chrono::seconds(117));
  for (const auto& gap : folder->gaps()) CHECK(gap.to.seconds() >= 112);
  CHECK(starts(sim.directory(), 0).back() > 112'000);
  CHECK(folder->movie("room"));  // the parts are one lesson
}

TEST_CASE("a later stop of the same boot knows the time that a reboot was given") {
  SimulatedLesson sim;
  sim.earlier_boot = true;
  REQUIRE(sim.begin());
  sim.run(5);
  sim.kill();
  sim.clock().advance(std::chrono::seconds(60));
  sim.clock().set_wall(
      WallTime{sim.clock().wall().ns + 5 * kSecond});  // another 5 s, of which this machine knew nothing
  REQUIRE(sim.recover_and_resume());
  const auto before = sim.lesson().now();
  CHECK(before.seconds() == Approx(70).margin(0.01));
  sim.run(3);
  sim.kill();
  sim.clock().set_wall(WallTime{0});  // now it does not matter any more
  REQUIRE(sim.recover_and_resume());
  CHECK(sim.lesson().now() == before + std::chrono::seconds(3));
  CHECK(events_in<journal::RebaseEvent>(sim.directory()).size() == 1);
}

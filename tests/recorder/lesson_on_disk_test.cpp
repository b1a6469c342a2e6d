// What is on the disk after a lesson, and after a lesson in which the disk failed or the power was cut.

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

std::vector<std::string> gap_reasons(const std::filesystem::path& directory) {
  std::vector<std::string> reasons;
  for (const auto& gap : journal::LessonFolder::open(directory)->gaps()) reasons.push_back(gap.reason);
  return reasons;
}

std::size_t place_of(const std::vector<std::string>& history, const std::string& what, std::size_t from) {
  for (auto i = from; i < history.size(); ++i) {
    if (history[i].find(what) != std::string::npos) return i;
  }
  return history.size();
}

}  // namespace

TEST_CASE("a steady lesson is whole, without gaps, and every picture is there once") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(12);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  REQUIRE(folder);
  CHECK(folder->gaps().empty());
  CHECK(folder->duration() == std::chrono::seconds(12));
  CHECK(folder->finished());
  const auto pictures = sim.counters("room.video");
  CHECK(pictures.size() == 308);  // from the IDR 0.3 s before the press on: 12.3 s * 25
  CHECK(consecutive(pictures));
  CHECK(consecutive(sim.counters("room.audio")));
  CHECK(folder->checkpoints().back().checkpoint.reason == "stop");
  CHECK(folder->checkpoints().back().checkpoint.tree_size == folder->records().size() + 1);
}

TEST_CASE("media is synced before the journal that names it is written") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(3);
  const auto history = sim.files().history();
  const auto media =
      place_of(history, "write " + (sim.directory() / "room.video/e000.mp4").string() + " ", 0);
  const auto second_write = place_of(history, "room.video/e000.mp4", media + 1);
  const auto synced =
      place_of(history, "sync " + (sim.directory() / "room.video/e000.mp4").string(), second_write);
  const auto journalled = place_of(history, "write " + (sim.directory() / "journal").string(), second_write);
  REQUIRE(journalled < history.size());
  CHECK(synced < journalled);
  CHECK(place_of(history, "sync-directory " + (sim.directory() / "room.video").string(), 0) < journalled);
}

TEST_CASE("a mark is on the disk when it is answered, without waiting for the tick") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(2);
  const auto id = new_uuid();
  const auto before = sim.files().history().size();
  const auto marked = sim.mark(id);
  REQUIRE(marked);
  CHECK(marked->is_new);
  CHECK(marked->mark.at == LessonTime{2 * kSecond});
  const auto history = sim.files().history();
  CHECK(history.back() == "sync " + (sim.directory() / "journal").string());
  CHECK(history.size() == before + 2);  // one write, one sync, no media

  SECTION("the same id again is the same mark") {
    sim.clock().advance(std::chrono::seconds(1));
    const auto again = sim.mark(id);
    REQUIRE(again);
    CHECK_FALSE(again->is_new);
    CHECK(again->mark.at == LessonTime{2 * kSecond});
    CHECK(sim.files().history().size() == history.size());
  }
  SECTION("it survives the power cut that follows") {
    sim.kill();
    sim.files().power_cut();
    REQUIRE(sim.recover_and_close());
    const auto marks = journal::LessonFolder::open(sim.directory())->marks();
    REQUIRE(marks.size() == 1);
    CHECK(marks[0].id == id);
    CHECK(sim.violations() == kClean);
  }
}

TEST_CASE("a press outside the lesson is brought inside") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  MarkRequest request;
  request.id = new_uuid();
  request.pressed = sim.clock().monotonic() + std::chrono::seconds(100);
  CHECK(sim.lesson().mark(request)->mark.at == LessonTime{5 * kSecond});
  request.id = new_uuid();
  request.pressed = MonotonicTime{0};
  CHECK(sim.lesson().mark(request)->mark.at == LessonTime{0});
  request.id = "no uuid";
  CHECK(sim.lesson().mark(request).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("undoing a mark twice is one record, and an unknown one is an error") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  const auto id = new_uuid();
  REQUIRE(sim.mark(id));
  REQUIRE(sim.lesson().undo_mark(id));
  REQUIRE(sim.lesson().undo_mark(id));
  CHECK(sim.lesson().undo_mark(new_uuid()).error().kind == ErrorKind::kNotFound);
  CHECK(sim.lesson().mark_count() == 0);
  REQUIRE(sim.stop());
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(std::count_if(folder->records().begin(), folder->records().end(), [](const auto& stored) {
          const auto* event = std::get_if<journal::EventRecord>(&stored.record);
          return event != nullptr && std::holds_alternative<journal::MarkUndoneEvent>(event->body);
        }) == 1);
}

TEST_CASE("a file that cannot be synced is left, and its fragments are written anew") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(4);
  // The next operations are writes of two fragments; the third on is a sync of media.
  sim.files().fail_operation(3, ErrorKind::kUnavailable);
  sim.run(1);
  sim.files().clear_faults();
  sim.run(4);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  CHECK(gap_reasons(sim.directory()).empty());
  CHECK(consecutive(sim.counters("room.video")));
  CHECK(consecutive(sim.counters("room.audio")));
  const auto folder = journal::LessonFolder::open(sim.directory());
  const auto epochs = folder->tracks()[0].epochs.size() + folder->tracks()[1].epochs.size();
  CHECK(epochs == 3);
}

TEST_CASE("a queue that is full loses whole GOPs, and says so") {
  SimulatedLesson sim;
  sim.limits.held_bytes = 60'000;
  sim.picture_bytes = 500;  // 12.5 kB a GOP
  REQUIRE(sim.begin());
  sim.run(3);
  sim.files().fail_from(1);  // the disk hangs
  sim.run(10);
  sim.files().clear_faults();
  sim.run(4);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto reasons = gap_reasons(sim.directory());
  REQUIRE_FALSE(reasons.empty());
  CHECK(std::all_of(reasons.begin(), reasons.end(),
                    [](const auto& reason) { return reason == "queue-overflow"; }));
  CHECK(rising(sim.counters("room.video")));
  CHECK(consecutive(sim.counters("room.audio")));  // its queue was not full
}

TEST_CASE("no room for one operation costs nothing, and then the pictures at most, never the sound") {
  const bool first_time = GENERATE(true, false);
  int n = 1;
  int ended_early = 0;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson full;
    REQUIRE(full.begin());
    full.run(1);
    if (!first_time) full.lesson().writer().stop_reserving();
    full.files().fail_operation(n, ErrorKind::kStorageFull, 10);
    full.run(12);
    reached = full.files().operations() >= n;
    full.files().clear_faults();
    INFO("operation " << n);
    const bool noticed = full.lesson().writer().tracks()[0].no_room;
    CHECK_FALSE(full.lesson().writer().storage_full());
    REQUIRE(full.stop());
    CHECK(full.violations() == kClean);
    CHECK(rising(full.counters("room.video")));
    ended_early += noticed;
    const auto reasons = gap_reasons(full.directory());
    CHECK(std::count(reasons.begin(), reasons.end(), "disk-full") == (noticed ? 1 : 0));
    CHECK(consecutive(full.counters("room.audio")));
  }
  CHECK(n > 40);
  CHECK((first_time ? ended_early == 0 : ended_early > 10));
}

TEST_CASE("a killed recorder loses nothing that its capture holds") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(5);
  sim.kill();
  sim.clock().advance(std::chrono::milliseconds(2300));
  REQUIRE(sim.recover_and_resume());
  sim.run(5);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  CHECK(gap_reasons(sim.directory()).empty());
  CHECK(consecutive(sim.counters("room.video")));
  CHECK(consecutive(sim.counters("room.audio")));
  CHECK(sim.counters("room.video").size() == 315);  // 0.3 s before the press to 12.3 s
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->tracks()[0].epochs.size() == 2);
  CHECK(folder->checkpoints().size() >= 2);
}

TEST_CASE("whatever operation of the disk fails once, the lesson is clean and every picture is there") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    const auto id = new_uuid();
    sim.files().fail_operation(n, ErrorKind::kUnavailable, n % 3 == 0 ? 7u : 0u);
    if (!sim.begin()) continue;  // told to the caller; nothing is left
    sim.run(3);
    const bool marked = sim.mark(id).has_value();
    sim.run(3);
    const bool remarked = sim.mark(id).has_value();
    sim.run(1);
    const bool stopped = sim.stop();
    reached = sim.files().operations() >= n;
    INFO("operation " << n);
    CHECK((marked || remarked));
    CHECK(sim.violations() == kClean);
    if (!stopped) continue;
    CHECK(consecutive(sim.counters("room.video")));
    CHECK(consecutive(sim.counters("room.audio")));
    CHECK(journal::LessonFolder::open(sim.directory())->marks().size() == 1);
  }
  CHECK(n > 60);
}

TEST_CASE("a lesson that could not begin leaves nothing behind") {
  for (int n = 1; n < 30; ++n) {
    SimulatedLesson sim;
    sim.files().fail_operation(n, ErrorKind::kStorageFull, 3);
    if (sim.begin()) break;
    INFO("operation " << n);
    CHECK_FALSE(std::filesystem::exists(sim.directory() / "lesson.json"));
  }
}

TEST_CASE(
    "the power is cut at any operation: the folder is clean, what was durable is there, the lesson goes on") {
  const bool torn = GENERATE(false, true);
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(2);
    const auto id = new_uuid();
    sim.files().fail_from(n, n % 2 == 0 ? 11u : 0u);
    sim.run(1);
    const bool marked = sim.mark(id).has_value();
    sim.run(10);  // far enough for a checkpoint
    const auto durable = sim.durable_unit(MediaKind::kVideo);
    const auto durable_sound = sim.durable_unit(MediaKind::kAudio);
    reached = sim.files().operations() >= n;
    sim.kill();
    if (torn) {
      sim.files().torn_power_cut(static_cast<unsigned>(n));
    } else {
      sim.files().power_cut();
    }
    INFO("operation " << n << (torn ? ", torn" : ""));
    CHECK(sim.violations() == kClean);
    sim.clock().advance(std::chrono::seconds(1));
    REQUIRE(sim.recover_and_resume());
    sim.run(3);
    REQUIRE(sim.stop());
    CHECK(sim.violations() == kClean);
    const auto pictures = sim.counters("room.video");
    CHECK(consecutive(pictures));
    CHECK(consecutive(sim.counters("room.audio")));
    CHECK(pictures.back() >= durable);
    CHECK(sim.counters("room.audio").back() >= durable_sound);
    const auto marks = journal::LessonFolder::open(sim.directory())->marks();
    if (marked) CHECK(marks.size() == 1);
  }
  CHECK(n > 60);
}

TEST_CASE("the power is cut during the recovery itself, at any operation") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(3);
    sim.files().fail_from(8, 5);
    sim.run(2);
    sim.kill();
    sim.files().torn_power_cut(static_cast<unsigned>(n));
    sim.files().fail_from(n, 3);
    static_cast<void>(sim.recover_and_close());
    reached = sim.files().operations() >= n;
    sim.files().power_cut();
    INFO("operation " << n);
    CHECK(sim.violations() == kClean);
    if (!journal::LessonFolder::open(sim.directory())->finished()) REQUIRE(sim.recover_and_close());
    CHECK(sim.violations() == kClean);
    CHECK(journal::LessonFolder::open(sim.directory())->finished());
  }
  CHECK(n > 5);
}

TEST_CASE("a fragment that the disk had confirmed and lost is taken out, and its time is declared") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(4);
  const auto id = new_uuid();
  REQUIRE(sim.mark(id));
  sim.run(3);
  sim.kill();
  {
    // The last two fragments of the picture are behind the last checkpoint; the disk loses one that is not
    // the last.
    const auto folder = journal::LessonFolder::open(sim.directory());
    const auto& epoch = folder->tracks()[0].epochs[0];
    const auto& victim = std::get<journal::FragmentRecord>(
        folder->records()[epoch.fragments[epoch.fragments.size() - 2]].record);
    const auto file = posix_file_system().open(epoch.file, OpenMode::kReadWrite);
    REQUIRE((*file)->write_at(victim.offset + 50, Bytes(10, 0)));
  }
  CHECK_FALSE(sim.violations().empty());
  REQUIRE(sim.recover_and_close());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->marks().size() == 1);
  CHECK(gap_reasons(sim.directory()) == std::vector<std::string>{"recorder-restart"});
}

TEST_CASE("the clock is told every ten seconds, and a head is signed as often") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(35);
  REQUIRE(sim.stop());
  const auto folder = journal::LessonFolder::open(sim.directory());
  const auto clocks =
      std::count_if(folder->records().begin(), folder->records().end(), [](const auto& stored) {
        const auto* event = std::get_if<journal::EventRecord>(&stored.record);
        return event != nullptr && std::holds_alternative<journal::ClockEvent>(event->body);
      });
  CHECK(clocks == 5);  // 0, 10, 20, 30, stop
  CHECK(folder->checkpoints().size() == 4);
}

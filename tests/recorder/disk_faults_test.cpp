// Every operation of a lesson's disk fails once, or from there on, with every kind of error that a kernel
// gives it. A full disk has its own tests (lesson_on_disk_test.cpp), because it may end the lesson.

#include <catch2/catch.hpp>

#include <set>

#include "capture/journal/lesson_folder.h"
#include "firmware/base/ids.h"
#include "tests/recorder/simulated_lesson_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"

using namespace shilu;
using namespace shilu::test;

namespace {

const std::vector<std::string> kClean;

// EIO; EROFS; EBADF and other surprises.
constexpr ErrorKind kKinds[] = {ErrorKind::kUnavailable, ErrorKind::kPermissionDenied, ErrorKind::kInternal};

// The first word of each: "write", "sync", ...
std::set<std::string> verbs_of(const std::vector<std::string>& history) {
  std::set<std::string> verbs;
  for (const auto& line : history) verbs.insert(line.substr(0, line.find(' ')));
  return verbs;
}

}  // namespace

TEST_CASE("a lesson from its beginning to its end does everything that these tests let fail") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(6);
  REQUIRE(sim.stop());
  const std::set<std::string> wanted{"create", "create-directories", "rename",   "reserve",
                                     "sync",   "sync-directory",     "truncate", "write"};
  CHECK(verbs_of(sim.files().history()) == wanted);
}

TEST_CASE("any error of any operation, once: every picture and every mark is there") {
  const auto kind = GENERATE(from_range(std::begin(kKinds), std::end(kKinds)));
  const std::size_t prefix = GENERATE(0u, 7u);  // of a write: nothing of it, or a part
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    sim.files().fail_operation(n, kind, prefix);
    if (!sim.begin()) continue;  // told to the caller
    sim.run(3);
    const auto id = new_uuid();
    const bool marked = sim.mark(id).has_value() || sim.mark(id).has_value();
    sim.run(3);
    const bool stopped = sim.stop();
    reached = sim.files().operations() >= n;
    INFO("operation " << n << ", kind " << static_cast<int>(kind) << ", prefix " << prefix);
    CHECK(marked);
    CHECK(sim.violations() == kClean);
    // An end that could not be stored is stored by the next start; one that could, but was not signed, is an
    // end.
    if (!stopped && !journal::LessonFolder::open(sim.directory())->finished())
      REQUIRE(sim.recover_and_close());
    CHECK(sim.violations() == kClean);
    CHECK(consecutive(sim.counters("room.video")));
    CHECK(consecutive(sim.counters("room.audio")));
    CHECK(journal::LessonFolder::open(sim.directory())->marks().size() == 1);
  }
  CHECK(n > 60);
}

TEST_CASE(
    "a disk that takes nothing from any operation on, and is well again after a restart: nothing is lost") {
  const auto kind = GENERATE(from_range(std::begin(kKinds), std::end(kKinds)));
  const std::size_t prefix = GENERATE(0u, 7u);
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(2);
    sim.files().fail_from(n, prefix, kind);
    sim.run(8);
    reached = sim.files().operations() >= n;
    INFO("operation " << n << ", kind " << static_cast<int>(kind) << ", prefix " << prefix);
    CHECK(sim.violations() == kClean);  // of what is on the disk meanwhile
    sim.kill();
    sim.files().clear_faults();
    REQUIRE(sim.recover_and_resume());
    sim.run(3);
    REQUIRE(sim.stop());
    CHECK(sim.violations() == kClean);
    CHECK(consecutive(sim.counters("room.video")));
    CHECK(consecutive(sim.counters("room.audio")));
  }
  CHECK(n > 40);
}

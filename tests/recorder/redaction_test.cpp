// "Delete the last two minutes": the bytes are gone, the hashes stay, and it is declared before it is done.

#include "capture/recorder/redaction.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <sstream>

#include "capture/journal/checker.h"
#include "tests/recorder/simulated_lesson_fixture.h"
#include "tests/recorder/stored_counters_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using std::chrono::seconds;

namespace {

const std::vector<std::string> kClean;

struct Stored {
  std::filesystem::path file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  LessonTime start, end;
};

std::vector<Stored> fragments_of(const std::filesystem::path& directory) {
  std::vector<Stored> stored;
  const auto folder = journal::LessonFolder::open(directory);
  for (const auto& track : folder->tracks()) {
    for (const auto& epoch : track.epochs) {
      for (const auto position : epoch.fragments) {
        const auto& record = std::get<journal::FragmentRecord>(folder->records()[position].record);
        const auto scale = epoch.event.timescale;
        const auto end = record.start_ticks + static_cast<std::int64_t>(record.duration_ticks);
        stored.push_back({epoch.file,
                          record.offset,
                          record.size,
                          {ns_from_ticks(record.start_ticks, scale)},
                          {ns_from_ticks(end, scale)}});
      }
    }
  }
  return stored;
}

// The bytes of a fragment behind the heads of its boxes: what a reader of the raw file would find of it.
bool payload_is_gone(const Stored& fragment) {
  const auto file = posix_file_system().open(fragment.file, OpenMode::kRead);
  const auto bytes = (*file)->read_at(fragment.offset, fragment.size);
  const auto mdat = as_text(*bytes).find("mdat");
  return std::all_of(bytes->begin() + static_cast<std::ptrdiff_t>(mdat) + 4, bytes->end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

std::size_t gone_of(const std::filesystem::path& directory) {
  const auto all = fragments_of(directory);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), payload_is_gone));
}

// Where the first write stands that goes to bytes of a track which were written before.
std::size_t first_overwriting_write(const std::vector<std::string>& history,
                                    const std::filesystem::path& lesson) {
  std::map<std::string, std::uint64_t> ends;
  for (std::size_t i = 0; i < history.size(); ++i) {
    std::istringstream line(history[i]);
    std::string what, file;
    std::uint64_t offset = 0, size = 0;
    line >> what >> file >> offset >> size;
    if (what != "write" || !file.starts_with((lesson / "room.").string())) continue;
    if (offset < ends[file]) return i;
    ends[file] = offset + size;
  }
  return history.size();
}

LessonOwner owner_of(SimulatedLesson& sim, const CertifiedKey& key) {
  return {sim.files(), sim.clock(), key};
}

// Ten seconds, finished.
void record(SimulatedLesson& sim) {
  REQUIRE(sim.begin());
  sim.run(10);
  REQUIRE(sim.stop());
}

}  // namespace

TEST_CASE("deleting the last seconds of a running lesson takes exactly their fragments off the disk") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(10);
  REQUIRE(sim.redact_last(seconds(4)));
  sim.run(5);
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  std::size_t expected = 0;
  for (const auto& fragment : fragments_of(sim.directory())) {
    const bool inside = fragment.end.ms() > 6'000 && fragment.start.ms() < 10'000;
    CHECK(payload_is_gone(fragment) == inside);
    expected += inside;
  }
  CHECK(expected >= 8);  // four seconds of two tracks
  const auto report = journal::check_lesson(sim.directory());
  CHECK(report->redacted == expected);
  CHECK(report->gaps == 1);  // the picture waits for the next IDR; the sound goes on at once
  const auto holes = journal::LessonFolder::open(sim.directory())->holes();
  const auto redacted = std::count_if(holes.begin(), holes.end(), [](const auto& hole) {
    return hole.reason == "redacted" && hole.to - hole.from > seconds(3);
  });
  CHECK(redacted == 2);
}

TEST_CASE("a deletion is in the journal and signed before the first byte goes") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(6);
  REQUIRE(sim.redact_last(seconds(2)));
  const auto history = sim.files().history();
  const auto first = [&](const std::string& what, std::size_t from) {
    const auto found = std::find_if(history.begin() + static_cast<std::ptrdiff_t>(from), history.end(),
                                    [&](const auto& line) { return line.starts_with(what); });
    return static_cast<std::size_t>(found - history.begin());
  };
  const auto overwritten = first_overwriting_write(history, sim.directory());
  REQUIRE(overwritten < history.size());
  const auto checkpoint = "sync " + (sim.directory() / "checkpoints").string();
  const auto journal = "sync " + (sim.directory() / "journal").string();
  // The last record and the last checkpoint before it, and nothing of the media between them and it.
  std::size_t signed_at = 0;
  for (auto i = first(checkpoint, 0); i < overwritten; i = first(checkpoint, i + 1)) signed_at = i;
  CHECK(signed_at > 0);
  CHECK(first("write " + (sim.directory() / "room.").string(), signed_at) == overwritten);
  CHECK(first(journal, overwritten) < history.size());  // that it is done is told afterwards
}

TEST_CASE("a deletion that the disk refused is finished by the next try, or at the lesson's end") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(10);
  // Some operation fails: the declaration, its signature, a zero.
  sim.files().fail_from(GENERATE(1, 4, 8, 12));
  REQUIRE_FALSE(sim.redact_last(seconds(4)));
  sim.files().clear_faults();
  SECTION("by the next try") {
    REQUIRE(sim.redact_last(seconds(4)));
  }
  SECTION("by another deletion") {
    sim.run(5);
    REQUIRE(sim.redact_last(seconds(2)));
  }
  SECTION("at the end") {
    sim.run(2);
  }
  REQUIRE(sim.stop());
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK_FALSE(folder->redaction_pending());
  CHECK(gone_of(sim.directory()) == journal::check_lesson(sim.directory())->redacted);
}

TEST_CASE("a deletion that nobody signed excuses no missing bytes") {
  SimulatedLesson sim;
  REQUIRE(sim.begin());
  sim.run(10);
  REQUIRE(sim.redact_last(seconds(4)));
  sim.kill();
  REQUIRE(violations_in(sim.directory()) == kClean);
  // As if somebody without the key had written the deletion behind the last checkpoint.
  const auto folder = journal::LessonFolder::open(sim.directory());
  const auto& records = folder->records();
  const auto deletion = std::find_if(records.begin(), records.end(), [](const auto& stored) {
    const auto* event = std::get_if<journal::EventRecord>(&stored.record);
    return event != nullptr && std::holds_alternative<journal::RedactionEvent>(event->body);
  });
  std::uint64_t kept = 0;
  for (const auto& one : folder->checkpoints()) {
    if (one.checkpoint.tree_size > deletion->leaf) break;
    kept += one.line.size() + 1;
  }
  REQUIRE(kept > 0);
  const auto file = posix_file_system().open(sim.directory() / "checkpoints", OpenMode::kReadWrite);
  REQUIRE(*(*file)->size() > kept);
  REQUIRE((*file)->truncate(kept));
  const auto report = journal::check_lesson(sim.directory());
  REQUIRE(report);
  CHECK_FALSE(report->clean());
}

TEST_CASE("a finished lesson can be deleted from, and its journal stays whole") {
  SimulatedLesson sim;
  record(sim);
  const auto key = test_key();
  const TimeRange range{LessonTime{3 * kSecond}, LessonTime{5 * kSecond}};
  REQUIRE(redact_finished(owner_of(sim, key), sim.directory(), range, sha256("salt T001")));
  CHECK(sim.violations() == kClean);
  const auto folder = journal::LessonFolder::open(sim.directory());
  CHECK(folder->finished());
  CHECK_FALSE(folder->redaction_pending());
  CHECK(folder->duration() == seconds(10));
  CHECK(folder->checkpoints().back().checkpoint.tree_size == folder->records().size() + 1);
  CHECK(gone_of(sim.directory()) >= 4);
  SECTION("the same again finds nothing") {
    const auto again = redact_finished(owner_of(sim, key), sim.directory(), range, std::nullopt);
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::kNotFound);
  }
  SECTION("the movie has a hole there, and a clip inside it has no picture") {
    CHECK(folder->movie("room"));
    const auto inside =
        folder->movie("room", TimeRange{LessonTime::from_ms(3'600), LessonTime::from_ms(4'400)});
    if (inside) CHECK(inside->leaves.empty());
  }
  SECTION("a later part can be deleted too") {
    const TimeRange more{LessonTime{4 * kSecond}, LessonTime{7 * kSecond}};
    REQUIRE(redact_finished(owner_of(sim, key), sim.directory(), more, std::nullopt));
    CHECK(sim.violations() == kClean);
  }
  SECTION("its folder is no lesson that a start would take up") {
    CHECK(unfinished_lessons(sim.files(), sim.directory().parent_path()).empty());
    CHECK(half_deleted_lessons(sim.files(), sim.directory().parent_path()).empty());
  }
}

TEST_CASE("bytes that are missing without a declared deletion are refused") {
  SimulatedLesson sim;
  record(sim);
  const auto victim = fragments_of(sim.directory())[4];
  const auto file = posix_file_system().open(victim.file, OpenMode::kReadWrite);
  const auto bytes = (*file)->read_at(victim.offset, victim.size);
  const auto payload = as_text(*bytes).find("mdat") + 4;
  REQUIRE((*file)->write_at(victim.offset + payload, Bytes(victim.size - payload, 0)));
  const auto report = journal::check_lesson(sim.directory());
  REQUIRE(report);
  CHECK_FALSE(report->clean());
  CHECK(report->findings[0].code == "fragment-hash");
}

TEST_CASE("bytes that stand where a deletion says that none are, are refused") {
  SimulatedLesson sim;
  record(sim);
  const auto key = test_key();
  REQUIRE(redact_finished(owner_of(sim, key), sim.directory(),
                          {LessonTime{3 * kSecond}, LessonTime{5 * kSecond}}, {}));
  const auto all = fragments_of(sim.directory());
  const auto gone = std::find_if(all.begin(), all.end(), payload_is_gone);
  const auto file = posix_file_system().open(gone->file, OpenMode::kReadWrite);
  REQUIRE((*file)->write_at(gone->offset + gone->size - 3, Bytes{1, 2, 3}));
  const auto report = journal::check_lesson(sim.directory());
  CHECK(report->findings.at(0).code == "redaction");
}

TEST_CASE(
    "the power is cut at any operation of a deletion in a running lesson: it is not begun, or it is "
    "finished") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    REQUIRE(sim.begin());
    sim.run(6);
    sim.files().fail_from(n, n % 2 == 0 ? 9u : 0u);
    const bool done = sim.redact_last(seconds(3)).has_value();
    reached = sim.files().operations() >= n;
    sim.kill();
    sim.files().torn_power_cut(static_cast<unsigned>(n));
    INFO("operation " << n);
    CHECK(sim.violations() == kClean);  // pending is a note
    REQUIRE(sim.recover_and_resume());
    sim.run(2);
    REQUIRE(sim.stop());
    CHECK(sim.violations() == kClean);
    CHECK_FALSE(journal::LessonFolder::open(sim.directory())->redaction_pending());
    const auto gone = gone_of(sim.directory());
    CHECK((gone == 0 || gone >= 6));
    if (done) CHECK(gone >= 6);
  }
  CHECK(n > 15);
}

TEST_CASE("the power is cut at any operation of a deletion in a finished lesson") {
  int n = 1;
  for (bool reached = true; reached; ++n) {
    SimulatedLesson sim;
    record(sim);
    const auto key = test_key();
    sim.files().fail_from(n, n % 2 == 0 ? 9u : 0u);
    const TimeRange range{LessonTime{3 * kSecond}, LessonTime{6 * kSecond}};
    const bool done = redact_finished(owner_of(sim, key), sim.directory(), range, std::nullopt).has_value();
    reached = sim.files().operations() >= n;
    sim.files().torn_power_cut(static_cast<unsigned>(n));
    INFO("operation " << n);
    CHECK(sim.violations() == kClean);
    for (const auto& folder : half_deleted_lessons(sim.files(), sim.directory().parent_path())) {
      REQUIRE(finish_deletion(owner_of(sim, key), folder));
    }
    CHECK(sim.violations() == kClean);
    const auto gone = gone_of(sim.directory());
    CHECK((gone == 0 || gone >= 6));
    if (done) CHECK(gone >= 6);
    CHECK_FALSE(journal::LessonFolder::open(sim.directory())->redaction_pending());
  }
  CHECK(n > 15);
}

TEST_CASE("a lesson that was begun with the key before is deleted from with that key") {
  SimulatedLesson sim;
  record(sim);
  TemporaryDirectory keys;
  const auto newer = load_or_create_certified(keys.path(), KeyRole::kRecording);
  const auto before = test_key();
  const LessonOwner owner = owner_of(sim, *newer);
  REQUIRE_FALSE(redact_finished(owner, sim.directory(), {LessonTime{0}, LessonTime{kSecond}}, std::nullopt));
  const LessonOwner both{owner.files, owner.clock, owner.key, &before};
  REQUIRE(redact_finished(both, sim.directory(), {LessonTime{0}, LessonTime{kSecond}}, std::nullopt));
  CHECK(sim.violations() == kClean);
  CHECK(gone_of(sim.directory()) > 0);
}

TEST_CASE("another device's lesson cannot be deleted from") {
  SimulatedLesson sim;
  record(sim);
  TemporaryDirectory keys;
  const auto other = load_or_create_certified(keys.path(), KeyRole::kRecording);
  const auto refused = redact_finished(owner_of(sim, *other), sim.directory(),
                                       {LessonTime{0}, LessonTime{kSecond}}, std::nullopt);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kFailedPrecondition);
  CHECK(gone_of(sim.directory()) == 0);
}

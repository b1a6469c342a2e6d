#include "capture/journal/journal_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "firmware/lesson/lesson_info.h"
#include "tests/base/fault_file_system.h"

namespace shilu::journal {
namespace {

using test::FaultFileSystem;
using test::TemporaryDirectory;

const std::string kLessonId = "01932d3a-7c11-7aaa-8bbb-0123456789ab";

std::string lesson_json() {
  LessonInfo info;
  info.lesson_id = kLessonId;
  info.boot_id = "b";
  info.recording_certificate = "{}";
  info.software = "test";
  return info.to_json();
}

Record numbered(std::uint32_t n) {
  if (n % 3 == 0) return EventRecord{LessonTime{n}, ClockEvent{"2026-11-21T08:00:00.000Z", true, n}};
  FragmentRecord f;
  f.sequence = n;
  return f;
}

const SigningKey& key() {
  static const auto made = SigningKey::generate();
  return made;
}

Bytes content(const std::filesystem::path& file) {
  return read_file(file).value_or(Bytes());
}

// What a journal holds by its own frames alone.
std::vector<Bytes> records_in(const std::filesystem::path& file) {
  const auto bytes = content(file);
  std::vector<Bytes> records;
  if (bytes.size() < kMagic.size()) return records;
  auto rest = ByteView(bytes).subspan(kMagic.size());
  while (const auto record = decode(rest).value()) {
    const auto part = rest.first(record->size);
    records.emplace_back(part.begin(), part.end());
    rest = rest.subspan(record->size);
  }
  return records;
}

Digest root_over(const std::vector<Bytes>& records, std::uint64_t size) {
  Frontier tree;
  tree.append(leaf_hash(as_bytes(lesson_json())));
  for (std::size_t i = 0; i + 1 < size; ++i) tree.append(leaf_hash(records.at(i)));
  return tree.root();
}

TEST_CASE("a new lesson's files are written and synced in the order that the page promises") {
  const TemporaryDirectory directory;
  FaultFileSystem files;
  const auto where = directory / "lesson";
  REQUIRE(JournalWriter::create(files, where, kLessonId, lesson_json()));
  CHECK(as_text(content(where / "lesson.json")) == lesson_json());
  CHECK(as_text(content(where / "journal")) == "SHLJRNL1");
  CHECK(content(where / "checkpoints").empty());
  const auto history = files.history();
  const auto place = [&](const std::string& start) {
    return std::find_if(history.begin(), history.end(),
                        [&](const auto& line) { return line.starts_with(start); });
  };
  const auto text = where.string();
  CHECK(place("sync " + text + "/.lesson.json.new") < place("rename " + text + "/.lesson.json.new"));
  CHECK(place("rename") < place("sync-directory " + text));
  CHECK(place("sync-directory " + text) < place("create " + text + "/journal"));
  CHECK(place("sync " + text + "/journal") != history.end());
  CHECK(history.back().starts_with("sync-directory " + text));
}

TEST_CASE("a folder that holds a lesson is not overwritten") {
  const TemporaryDirectory directory;
  REQUIRE(JournalWriter::create(posix_file_system(), directory.path(), kLessonId, lesson_json()));
  const auto again = JournalWriter::create(posix_file_system(), directory.path(), kLessonId, "{}");
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::kAlreadyExists);
  CHECK(as_text(content(directory / "lesson.json")) == lesson_json());
}

TEST_CASE("nothing is on disk until it is synced") {
  const TemporaryDirectory directory;
  auto journal =
      JournalWriter::create(posix_file_system(), directory.path(), kLessonId, lesson_json()).value();
  journal.append(numbered(1));
  CHECK(content(directory / "journal").size() == 8);
  CHECK(journal.synced_leaves() == 1);
  REQUIRE(journal.sync());
  CHECK(journal.synced_leaves() == 2);
  CHECK(records_in(directory / "journal") == std::vector<Bytes>{encode(numbered(1))});
  REQUIRE(journal.sync());
  CHECK(journal.synced_leaves() == 2);
}

TEST_CASE("a checkpoint signs the head over what is synced, and follows the one before it") {
  const TemporaryDirectory directory;
  ManualClock clock;
  auto journal =
      JournalWriter::create(posix_file_system(), directory.path(), kLessonId, lesson_json()).value();
  for (std::uint32_t n = 1; n <= 5; ++n) journal.append(numbered(n));
  const auto too_early = journal.checkpoint(key(), LessonTime{1}, clock, "time");
  REQUIRE_FALSE(too_early);
  CHECK(too_early.error().kind == ErrorKind::kFailedPrecondition);
  REQUIRE(journal.sync());
  REQUIRE(journal.checkpoint(key(), LessonTime{1}, clock, "time"));
  CHECK(journal.checkpointed_leaves() == 6);
  journal.append(numbered(6));
  REQUIRE(journal.sync());
  clock.set_quality({false, 77});
  REQUIRE(journal.checkpoint(key(), LessonTime{2}, clock, "stop"));
  const auto lines = parse_checkpoints(as_text(content(directory / "checkpoints"))).value();
  REQUIRE(lines.size() == 2);
  const auto records = records_in(directory / "journal");
  for (const auto& line : lines) {
    CHECK(line.envelope.verified_by(key().public_key()));
    CHECK(line.checkpoint.root == root_over(records, line.checkpoint.tree_size));
    CHECK(line.checkpoint.lesson_id == kLessonId);
  }
  CHECK(lines[0].checkpoint.previous == Digest{});
  CHECK(lines[1].checkpoint.previous == sha256(lines[0].line));
  CHECK(lines[1].checkpoint.tree_size == 7);
  CHECK(lines[1].checkpoint.reason == "stop");
  CHECK(lines[1].checkpoint.error_ms == 77);
  CHECK_FALSE(lines[1].checkpoint.synchronised);
  CHECK(lines[1].checkpoint.utc == to_rfc3339(clock.wall()));
}

TEST_CASE("a reopened journal goes on as if it had never been closed") {
  const TemporaryDirectory one;
  const TemporaryDirectory two;
  ManualClock clock;
  auto whole = JournalWriter::create(posix_file_system(), one.path(), kLessonId, lesson_json()).value();
  std::optional<JournalWriter> parts =
      JournalWriter::create(posix_file_system(), two.path(), kLessonId, lesson_json()).value();
  for (std::uint32_t n = 1; n <= 40; ++n) {
    for (auto* journal : {&whole, &*parts}) {
      journal->append(numbered(n));
      REQUIRE(journal->sync());
      if (n % 7 == 0) REQUIRE(journal->checkpoint(key(), LessonTime{n}, clock, "time"));
    }
    parts = JournalWriter::reopen(posix_file_system(), two.path()).value();
    REQUIRE(parts->cut_bytes() == 0);
    REQUIRE(parts->synced_leaves() == n + 1);
    REQUIRE(parts->checkpointed_leaves() == (n < 7 ? 0 : n / 7 * 7 + 1));
  }
  CHECK(content(one / "journal") == content(two / "journal"));
  CHECK(content(one / "checkpoints") ==
        content(two / "checkpoints"));  // Ed25519 signatures are deterministic
}

TEST_CASE("after an error the writer refuses everything") {
  const TemporaryDirectory directory;
  ManualClock clock;
  FaultFileSystem files;
  auto journal = JournalWriter::create(files, directory.path(), kLessonId, lesson_json()).value();
  journal.append(numbered(1));
  files.fail_operation(1, ErrorKind::kStorageFull);
  const auto full = journal.sync();
  REQUIRE_FALSE(full);
  CHECK(full.error().kind == ErrorKind::kStorageFull);
  files.clear_faults();
  for (const auto& status : {journal.sync(), journal.checkpoint(key(), LessonTime{1}, clock, "time")}) {
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::kFailedPrecondition);
  }
  CHECK(journal.synced_leaves() == 1);
  CHECK(JournalWriter::reopen(files, directory.path()));
}

// One lesson's worth of writing; remembers what it was told is safe.
struct Scenario {
  std::vector<Bytes> appended;
  std::size_t synced = 0;       // records
  std::size_t checkpoints = 0;  // lines
  bool created = false;

  bool run(FileSystem& files, const std::filesystem::path& where) {
    ManualClock clock;
    auto journal = JournalWriter::create(files, where, kLessonId, lesson_json());
    if (!journal) return false;
    created = true;
    for (std::uint32_t n = 1; n <= 12; ++n) {
      appended.push_back(encode(numbered(n)));
      journal->append(numbered(n));
      if (n % 2 == 0) {
        if (!journal->sync()) return false;
        synced = appended.size();
      }
      if (n % 4 == 0) {
        if (!journal->checkpoint(key(), LessonTime{n}, clock, "time")) return false;
        ++checkpoints;
      }
    }
    return true;
  }

  // What must hold after any failure, once the folder was reopened.
  void check(FileSystem& files, const std::filesystem::path& where) const {
    auto journal = JournalWriter::reopen(files, where);
    if (!journal && !created) {
      REQUIRE(journal.error().kind == ErrorKind::kNotFound);  // no lesson ever began
      return;
    }
    REQUIRE(journal);
    const auto records = records_in(where / "journal");
    REQUIRE(records.size() >= synced);
    REQUIRE(records.size() <= appended.size());
    REQUIRE(std::equal(records.begin(), records.end(), appended.begin()));
    REQUIRE(journal->synced_leaves() == records.size() + 1);
    const auto lines = parse_checkpoints(as_text(content(where / "checkpoints")));
    REQUIRE(lines);
    REQUIRE(lines->size() >= checkpoints);
    Digest previous{};
    for (const auto& line : *lines) {
      REQUIRE(line.envelope.verified_by(key().public_key()));
      REQUIRE(line.checkpoint.previous == previous);
      REQUIRE(line.checkpoint.tree_size <= records.size() + 1);
      REQUIRE(line.checkpoint.root == root_over(records, line.checkpoint.tree_size));
      previous = sha256(line.line);
    }
    journal->append(numbered(99));
    REQUIRE(journal->sync());
    REQUIRE(journal->checkpoint(key(), LessonTime{99}, ManualClock(), "recovered"));
    const auto again = JournalWriter::reopen(files, where);
    REQUIRE(again);
    REQUIRE(again->cut_bytes() == 0);
    REQUIRE(again->synced_leaves() == records.size() + 2);
  }
};

TEST_CASE("any one failing operation loses nothing that was synced") {
  for (int n = 1;; ++n) {
    INFO("operation " << n);
    for (const std::size_t prefix : {0u, 1u, 9u, 60u}) {
      const TemporaryDirectory directory;
      FaultFileSystem files;
      files.fail_operation(n, ErrorKind::kUnavailable, prefix);
      Scenario scenario;
      const bool done = scenario.run(files, directory / "lesson");
      files.clear_faults();
      scenario.check(files, directory / "lesson");
      if (done && prefix == 60) return;
    }
  }
}

TEST_CASE("a power cut at any point keeps what was synced and invents nothing") {
  for (int n = 1;; ++n) {
    INFO("operation " << n);
    const TemporaryDirectory directory;
    FaultFileSystem files;
    files.fail_from(n);
    Scenario scenario;
    const bool done = scenario.run(files, directory / "lesson");
    files.power_cut();
    scenario.check(files, directory / "lesson");
    if (done) return;
  }
}

TEST_CASE("a power cut that tears writes leaves no record that was not appended") {
  for (unsigned seed = 0; seed < 12; ++seed) {
    for (int n = 1;; ++n) {
      INFO("operation " << n << " seed " << seed);
      const TemporaryDirectory directory;
      FaultFileSystem files;
      files.fail_from(n, seed * 7);
      Scenario scenario;
      const bool done = scenario.run(files, directory / "lesson");
      files.torn_power_cut(seed);
      scenario.check(files, directory / "lesson");
      if (done) break;
    }
  }
}

TEST_CASE("a failure while reopening changes nothing that counts") {
  for (int n = 1;; ++n) {
    const TemporaryDirectory directory;
    FaultFileSystem files;
    files.fail_from(60);
    Scenario scenario;
    scenario.run(files, directory / "lesson");
    files.torn_power_cut(5);
    files.fail_from(n);
    const bool opened = JournalWriter::reopen(files, directory / "lesson").has_value();
    files.power_cut();
    scenario.check(files, directory / "lesson");
    if (opened) return;
  }
}

// A lesson of six records of which five leaves are signed.
struct Written {
  TemporaryDirectory directory;
  Written() {
    auto journal =
        JournalWriter::create(posix_file_system(), directory.path(), kLessonId, lesson_json()).value();
    for (std::uint32_t n = 1; n <= 6; ++n) {
      journal.append(numbered(n));
      REQUIRE(journal.sync());
      if (n == 4) REQUIRE(journal.checkpoint(key(), LessonTime{n}, ManualClock(), "time"));
    }
  }
  std::filesystem::path file(std::string_view name) const { return directory / name; }
  void append(std::string_view name, std::string_view bytes) const {
    auto text = content(file(name));
    put_bytes(text, as_bytes(bytes));
    REQUIRE(write_file_atomic(file(name), text));
  }
};

TEST_CASE("torn tails of both files are cut and counted") {
  const Written lesson;
  const auto journal_before = content(lesson.file("journal"));
  const auto checkpoints_before = content(lesson.file("checkpoints"));
  lesson.append("journal", std::string(40, '\0'));
  lesson.append("checkpoints", "{\"payloadType\":");
  const auto journal = JournalWriter::reopen(posix_file_system(), lesson.directory.path());
  REQUIRE(journal);
  CHECK(journal->cut_bytes() == 40 + 15);
  CHECK(content(lesson.file("journal")) == journal_before);
  CHECK(content(lesson.file("checkpoints")) == checkpoints_before);
}

TEST_CASE("a last line of zeros with its newline is torn as well") {
  const Written lesson;
  lesson.append("checkpoints", std::string(30, '\0') + "\n");
  const auto journal = JournalWriter::reopen(posix_file_system(), lesson.directory.path());
  REQUIRE(journal);
  CHECK(journal->cut_bytes() == 31);
}

void require_kept(const Written& lesson) {
  const auto journal = content(lesson.file("journal"));
  const auto checkpoints = content(lesson.file("checkpoints"));
  const auto result = JournalWriter::reopen(posix_file_system(), lesson.directory.path());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::kCorrupted);
  CHECK(content(lesson.file("journal")) == journal);
  CHECK(content(lesson.file("checkpoints")) == checkpoints);
}

TEST_CASE("damage to what was signed is never cut away") {
  const Written lesson;
  auto bytes = content(lesson.file("journal"));
  bytes[8 + 20] ^= 1;  // in the first record
  REQUIRE(write_file_atomic(lesson.file("journal"), bytes));
  require_kept(lesson);
}

TEST_CASE("a checkpoint spoilt before others is never cut away") {
  const Written lesson;
  const auto line = std::string(as_text(content(lesson.file("checkpoints"))));
  REQUIRE(write_file_atomic(lesson.file("checkpoints"), as_bytes("{}\n" + line)));
  require_kept(lesson);
}

TEST_CASE("a foreign journal is left alone") {
  const Written lesson;
  REQUIRE(write_file_atomic(lesson.file("journal"), as_bytes("SQLite format 3")));
  require_kept(lesson);
}

TEST_CASE("a lesson cut off just behind lesson.json can be opened") {
  const TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "lesson.json", as_bytes(lesson_json())));
  auto journal = JournalWriter::reopen(posix_file_system(), directory.path());
  REQUIRE(journal);
  CHECK(journal->synced_leaves() == 1);
  journal->append(numbered(1));
  REQUIRE(journal->sync());
  CHECK(records_in(directory / "journal").size() == 1);
}

TEST_CASE("a folder without a lesson.json is no lesson") {
  const TemporaryDirectory directory;
  const auto journal = JournalWriter::reopen(posix_file_system(), directory.path());
  REQUIRE_FALSE(journal);
  CHECK(journal.error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(std::filesystem::exists(directory / "journal"));
}

}  // namespace
}  // namespace shilu::journal

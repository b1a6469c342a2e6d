#include "firmware/store/device_store.h"

#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "firmware/base/file_system.h"
#include "firmware/base/process.h"
#include "firmware/store/database.h"
#include "firmware/store/device_schema.h"
#include "tests/base/eventually.h"
#include "tests/store/device_store_fixture.h"

using namespace shilu;
using namespace shilu::store;
using Fixture = test::DeviceStoreFixture;

namespace {

// A database as version 1 of the program left it (`python3 -c "...iterdump()"` of one). Never to be changed
// after a release: what it holds stands on devices.
std::filesystem::path stored_dump() {
  return std::filesystem::path(SHILU_SOURCE_DIR) / "tests/store/data/device_v1.sql";
}

void restore(const std::filesystem::path& dump, const std::filesystem::path& file) {
  auto database = Database::open(file, Schema{}).value();
  REQUIRE(database.execute(read_text_file(dump).value()));
}

std::map<std::string, std::string> schema_of(Database& database) {
  const auto read = +[](const Row& row) -> Result<std::pair<std::string, std::string>> {
    std::pair<std::string, std::string> entry;
    row.read(entry.first, entry.second);
    return entry;
  };
  const auto rows =
      all(database.query("select name, sql from sqlite_schema where sql is not null"), read).value();
  return {rows.begin(), rows.end()};
}

}  // namespace

TEST_CASE("a stored database of version 1 is read with all that it holds") {
  const test::TemporaryDirectory directory;
  restore(stored_dump(), directory / "db");
  auto store = DeviceStore::open(directory / "db").value();
  CHECK(store.check());
  CHECK(store.teachers().value() == std::vector<Teacher>{{"T001", "王老师"}, {"T002", "李老师"}});
  CHECK(store.tiles("T001").value() == std::vector<std::string>{"A6", "B2"});
  CHECK(store.sign_in("T001", "135790").value().outcome == SignIn::Outcome::kSignedIn);
  const auto lessons = store.lessons().value();
  REQUIRE(lessons.size() == 2);
  CHECK(lessons[0].state == LessonState::kFinished);
  CHECK(lessons[0].teacher_id == "T001");
  CHECK(lessons[0].topic == "自由落体");
  CHECK_FALSE(lessons[1].teacher_id);
  const auto clips = store.clips_of(lessons[0].id).value();
  REQUIRE(clips.size() == 1);
  CHECK(clips[0].sources == std::vector<std::string>{"room", "board"});
  CHECK(store.documents_of(lessons[0].id).value().at(0).title == "教学设计");
  const auto submissions = store.submissions().value();
  REQUIRE(submissions.size() == 2);
  CHECK(submissions[0].state == SubmissionState::kSending);
  CHECK(submissions[0].acked_offset == 4096);
  CHECK(submissions[1].state == SubmissionState::kAcknowledged);
  CHECK(submissions[1].receipt == R"({"payload":"r"})");
}

TEST_CASE("version 1 still makes the tables that version 1 made") {
  const test::TemporaryDirectory directory;
  restore(stored_dump(), directory / "old");
  auto old = Database::open(directory / "old", Schema{device_schema().application_id, {}});
  REQUIRE_FALSE(old);  // to a program that knows no version it is of a newer one
  const Schema first{device_schema().application_id, device_schema().migrations.first(1)};
  auto stored = Database::open(directory / "old", first).value();
  auto made = Database::open(directory / "new", first).value();
  CHECK(schema_of(stored) == schema_of(made));
}

TEST_CASE_METHOD(Fixture, "the database of a newer program is refused") {
  {
    auto database = Database::open(file(), device_schema()).value();
    REQUIRE(database.execute("pragma user_version = 1000"));
  }
  CHECK(DeviceStore::open(file()).error().kind == ErrorKind::kFailedPrecondition);
}

TEST_CASE_METHOD(Fixture, "every table is strict, every column says what it is") {
  auto database = Database::open(file(), device_schema()).value();
  const auto tables =
      all(database.query("select name from pragma_table_list where schema = 'main' and type = 'table' "
                         "and name not like 'sqlite_%'"),
          single<std::string>)
          .value();
  CHECK(tables.size() == 8);
  for (const auto& table : tables) {
    CAPTURE(table);
    CHECK(at_most_one(database.query("select strict from pragma_table_list where name = ?1", table),
                      single<bool>)
              .value() == true);
    const auto sql = at_most_one(database.query("select sql from sqlite_schema where name = ?1", table),
                                 single<std::string>)
                         .value();
    const auto columns =
        all(database.query("select name from pragma_table_info(?1)", table), single<std::string>).value();
    for (const auto& column : columns) {
      CAPTURE(column);
      // In its table, or where a later version added it (SQLite drops that statement's comment).
      std::string text = *sql;
      auto line = text.find("\n  " + column + " ");
      if (line == text.npos) {
        text = read_text_file(SHILU_SOURCE_DIR "/firmware/store/device_schema_2.sql").value();
        line = text.find("add column " + column + " ");
      }
      REQUIRE(line != text.npos);
      const auto definition = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
      CHECK_THAT(definition, Catch::Contains(" -- "));
    }
  }
}

TEST_CASE_METHOD(Fixture, "two connections see each other's work") {
  auto other = another();
  const auto lesson = add_lesson(std::nullopt);
  CHECK(other.lesson(lesson.id).value() == lesson);
  REQUIRE(other.describe_lesson(lesson.id, "a", "b", "c"));
  CHECK(store.lesson(lesson.id).value().topic == "c");
}

TEST_CASE_METHOD(Fixture, "threads share one store, and others have their own") {
  const auto lesson = add_lesson(std::nullopt);
  auto other = another();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      auto& mine = i % 2 == 0 ? store : other;
      for (int n = 0; n < 25; ++n) {
        Clip clip;
        clip.lesson_id = lesson.id;
        clip.point = "A6";
        clip.to_ms = 1;
        clip.sources = {"room"};
        (void)mine.create_clip(clip).value();
        (void)mine.clips_of(lesson.id).value();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(store.clips_of(lesson.id).value().size() == 100);
  CHECK(store.check());
}

TEST_CASE_METHOD(Fixture, "another program finds the file whole") {
  add_teachers();
  (void)add_queued();
  test::TemporaryDirectory logs;
  ProcessOptions options;
  options.program = "python3";
  options.arguments = {"-c",
                       "import sqlite3, sys\n"
                       "db = sqlite3.connect(sys.argv[1])\n"
                       "print(db.execute('pragma integrity_check').fetchone()[0])\n"
                       "print(db.execute('select display_name from teachers order by id').fetchall())\n"
                       "print(db.execute('select state, size_bytes from submissions').fetchall())\n",
                       file().string()};
  options.extra_environment = {"PYTHONIOENCODING=utf-8"};
  options.log_file = logs / "log";
  auto python = ChildProcess::start(options).value();
  REQUIRE(test::eventually([&] { return python.poll().has_value(); }, std::chrono::seconds(30)));
  CHECK(read_text_file(logs / "log").value() == "ok\n[('王老师',), ('李老师',)]\n[('queued', 1000000)]\n");
}

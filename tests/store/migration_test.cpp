#include "firmware/store/migration.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace shilu::store;

namespace {

constexpr std::string_view kFirst =
    "create table people (id integer primary key, name text not null) strict;"
    "create table letters (id integer primary key, writer integer not null references people (id) on delete "
    "cascade) "
    "strict;";
// Rebuilds a table that another one refers to.
constexpr std::string_view kSecond =
    "create table people_2 (id integer primary key, name text not null, born integer not null) strict;"
    "insert into people_2 select id, name, 1970 from people;"
    "drop table people;"
    "alter table people_2 rename to people;";
constexpr std::string_view kThird = "alter table letters add column text text not null default 'none';";

constexpr Migration kOne[] = {{1, kFirst}};
constexpr Migration kThree[] = {{1, kFirst}, {2, kSecond}, {3, kThird}};
constexpr Schema kOldProgram{7, kOne};
constexpr Schema kNewProgram{7, kThree};

std::int64_t number(Database& database, std::string_view sql) {
  return at_most_one(database.query(sql), single<std::int64_t>).value().value();
}
std::string text(Database& database, std::string_view sql) {
  return at_most_one(database.query(sql), single<std::string>).value().value();
}

// The database that the old program left, with rows.
void store_old_database(const std::filesystem::path& file) {
  auto database = Database::open(file, kOldProgram).value();
  REQUIRE(database.execute(
      "insert into people values (1, '王'), (2, '李'); insert into letters values (10, 1), (11, 2);"));
}

}  // namespace

TEST_CASE("a new database gets every version in order") {
  const test::TemporaryDirectory directory;
  auto database = Database::open(directory / "db", kNewProgram).value();
  CHECK(number(database, "pragma user_version") == 3);
  CHECK(number(database, "pragma application_id") == 7);
  CHECK(database.run("insert into people values (1, 'x', 1)"));
  CHECK_FALSE(posix_file_system().exists(directory / "db.v0"));
}

TEST_CASE("an old database is brought up to date with what it holds") {
  const test::TemporaryDirectory directory;
  store_old_database(directory / "db");
  auto database = Database::open(directory / "db", kNewProgram).value();
  CHECK(number(database, "pragma user_version") == 3);
  CHECK(text(database, "select name || born from people where id = 2") == "李1970");
  CHECK(number(database, "select count(*) from letters") == 2);  // not cascaded away with the old table
  CHECK(text(database, "select text from letters where id = 11") == "none");
  CHECK(number(database, "pragma foreign_keys") == 1);
  CHECK_FALSE(database.run("insert into letters values (12, 99, 'x')"));
}

TEST_CASE("the old database is kept beside the new one, for its owner only") {
  const test::TemporaryDirectory directory;
  store_old_database(directory / "db");
  REQUIRE(write_file_atomic(directory / "db.v1", as_bytes("from an earlier try")));
  REQUIRE(Database::open(directory / "db", kNewProgram));
  struct stat info {};
  REQUIRE(::stat((directory / "db.v1").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  auto copy = Database::open(directory / "db.v1", kOldProgram).value();
  CHECK(number(copy, "select count(*) from people") == 2);
}

TEST_CASE("a database of a newer program is refused and not touched") {
  const test::TemporaryDirectory directory;
  REQUIRE(Database::open(directory / "db", kNewProgram));
  const auto refused = Database::open(directory / "db", kOldProgram);
  CHECK(refused.error().kind == ErrorKind::kFailedPrecondition);
  CHECK_THAT(refused.error().message, Catch::Contains("version 3") && Catch::Contains("knows 1"));
  auto database = Database::open(directory / "db", kNewProgram).value();
  CHECK(number(database, "pragma user_version") == 3);
}

TEST_CASE("a database of another program is refused") {
  const test::TemporaryDirectory directory;
  REQUIRE(Database::open(directory / "db", Schema{8, kOne}));
  CHECK(Database::open(directory / "db", kOldProgram).error().kind == ErrorKind::kFailedPrecondition);
  {
    auto foreign = Database::open(directory / "foreign", Schema{}).value();
    REQUIRE(foreign.execute("create table x (y integer)"));
  }
  CHECK(Database::open(directory / "foreign", kOldProgram).error().kind == ErrorKind::kFailedPrecondition);
}

TEST_CASE("a migration that fails leaves the version before it, whole") {
  const test::TemporaryDirectory directory;
  store_old_database(directory / "db");
  const Migration broken[] = {{1, kFirst}, {2, kSecond}, {3, "create table a (x integer) strict; nonsense;"}};
  const auto result = Database::open(directory / "db", Schema{7, broken});
  CHECK_THAT(result.error().message, Catch::Contains("schema version 3"));

  const Migration two[] = {{1, kFirst}, {2, kSecond}};
  auto database = Database::open(directory / "db", Schema{7, two}).value();
  CHECK(number(database, "pragma user_version") == 2);
  CHECK(number(database, "select count(*) from sqlite_schema where name = 'a'") == 0);
}

TEST_CASE("a migration that leaves a row referring to nothing is not stored") {
  const test::TemporaryDirectory directory;
  store_old_database(directory / "db");
  const Migration careless[] = {{1, kFirst}, {2, "delete from people where id = 1;"}};
  CHECK(Database::open(directory / "db", Schema{7, careless}).error().kind == ErrorKind::kCorrupted);
  auto database = Database::open(directory / "db", kOldProgram).value();
  CHECK(number(database, "select count(*) from people") == 2);
}

TEST_CASE("a hole in the versions is a defect that is said") {
  const test::TemporaryDirectory directory;
  const Migration holed[] = {{1, kFirst}, {3, kThird}};
  CHECK(Database::open(directory / "db", Schema{7, holed}).error().kind == ErrorKind::kInternal);
}

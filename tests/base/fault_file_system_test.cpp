#include "tests/base/fault_file_system.h"

#include <catch2/catch.hpp>
#include <set>

using namespace shilu;
using test::FaultFileSystem;

namespace {

std::string text_of(const std::filesystem::path& path) {
  return read_text_file(path).value_or("(none)");
}

}  // namespace

TEST_CASE("a power cut takes the bytes that were not synced and no others") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  auto file = files.open(directory / "f", OpenMode::kCreate).value();
  REQUIRE(files.sync_directory(directory.path()));
  REQUIRE(file->write_at(0, as_bytes("durable")));
  REQUIRE(file->sync_data());
  REQUIRE(file->write_at(7, as_bytes(" lost")));
  REQUIRE(file->write_at(0, as_bytes("D")));
  CHECK(text_of(directory / "f") == "Durable lost");
  files.power_cut();
  CHECK(text_of(directory / "f") == "durable");
  CHECK(file->write_at(0, as_bytes("x")).error().kind == ErrorKind::kUnavailable);
  CHECK(files.open(directory / "f", OpenMode::kReadWrite).value()->write_at(0, as_bytes("x")));
}

TEST_CASE("a power cut takes back an unsynced truncation") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  REQUIRE(write_file_atomic(directory / "f", as_bytes("before")));
  auto file = files.open(directory / "f", OpenMode::kReadWrite).value();
  REQUIRE(file->truncate(2));
  REQUIRE(file->write_at(2, as_bytes("XYZXYZXYZ")));
  REQUIRE(file->truncate(100));
  files.power_cut();
  CHECK(text_of(directory / "f") == "before");
}

TEST_CASE("a file whose directory was not synced was never made, though its bytes were synced") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  auto file = files.open(directory / "f", OpenMode::kCreateOrOpen).value();
  REQUIRE(file->write_at(0, as_bytes("x")));
  REQUIRE(file->sync_data());
  files.power_cut();
  CHECK_FALSE(files.exists(directory / "f"));
}

TEST_CASE("a rename without a sync of the directory is taken back, with what it replaced") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  REQUIRE(write_file_atomic(directory / "old", as_bytes("old")));
  REQUIRE(write_file_atomic(directory / "new", as_bytes("new")));
  REQUIRE(files.rename(directory / "new", directory / "old"));
  CHECK(text_of(directory / "old") == "new");
  files.power_cut();
  CHECK(text_of(directory / "old") == "old");
  CHECK(text_of(directory / "new") == "new");

  REQUIRE(files.rename(directory / "new", directory / "old"));
  REQUIRE(files.sync_directory(directory.path()));
  files.power_cut();
  CHECK(text_of(directory / "old") == "new");
  CHECK_FALSE(files.exists(directory / "new"));
}

TEST_CASE("a file renamed into place before its bytes were synced is empty after a power cut") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  auto file = files.open(directory / "tmp", OpenMode::kCreate).value();
  REQUIRE(file->write_at(0, as_bytes("hello")));
  REQUIRE(files.rename(directory / "tmp", directory / "f"));
  REQUIRE(files.sync_directory(directory.path()));
  files.power_cut();
  CHECK(text_of(directory / "f").empty());
}

TEST_CASE("a removed file is there again unless its directory was synced") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  REQUIRE(write_file_atomic(directory / "f", as_bytes("x")));
  REQUIRE(files.remove(directory / "f"));
  files.power_cut();
  CHECK(text_of(directory / "f") == "x");
  REQUIRE(files.remove(directory / "f"));
  REQUIRE(files.sync_directory(directory.path()));
  files.power_cut();
  CHECK_FALSE(files.exists(directory / "f"));
}

TEST_CASE("the n-th operation fails as it was told to, the next one works") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  auto file = files.open(directory / "f", OpenMode::kCreate).value();
  files.fail_operation(2, ErrorKind::kStorageFull, 3);
  CHECK(file->write_at(0, as_bytes("one")));
  CHECK(file->write_at(3, as_bytes("twotwo")).error().kind == ErrorKind::kStorageFull);
  CHECK(text_of(directory / "f") == "onetwo");
  CHECK(file->sync_data());
  CHECK(files.operations() == 3);
}

TEST_CASE("a dead machine does nothing more until it is switched on again") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  auto file = files.open(directory / "f", OpenMode::kCreate).value();
  files.fail_from(1, 2);
  CHECK_FALSE(file->write_at(0, as_bytes("one")));
  CHECK_FALSE(file->write_at(0, as_bytes("two")));
  CHECK_FALSE(file->sync_data());
  CHECK_FALSE(file->truncate(0));
  CHECK_FALSE(file->reserve(0, 1));
  CHECK_FALSE(files.open(directory / "g", OpenMode::kCreate));
  CHECK_FALSE(files.rename(directory / "f", directory / "g"));
  CHECK_FALSE(files.remove(directory / "f"));
  CHECK_FALSE(files.create_directories(directory / "d"));
  CHECK_FALSE(files.sync_directory(directory.path()));
  CHECK(text_of(directory / "f") == "on");
  files.power_cut();
  CHECK_FALSE(files.exists(directory / "f"));
  CHECK(files.open(directory / "f", OpenMode::kCreate));
}

TEST_CASE("a torn power cut keeps what was synced and lets the rest land in part, as zeros or not at all") {
  std::set<std::string> seen;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const test::TemporaryDirectory directory;
    FaultFileSystem files;
    auto file = files.open(directory / "f", OpenMode::kCreate).value();
    REQUIRE(files.sync_directory(directory.path()));
    REQUIRE(file->write_at(0, as_bytes("good")));
    REQUIRE(file->sync_data());
    REQUIRE(file->write_at(4, as_bytes("ab")));
    files.torn_power_cut(seed);
    seen.insert(text_of(directory / "f"));
  }
  const std::string zero(1, '\0');
  CHECK(seen == std::set<std::string>{"good", "gooda", "goodab", "gooda" + zero, "good" + zero + zero});
}

TEST_CASE("the history tells what was synced before what") {
  const test::TemporaryDirectory directory;
  FaultFileSystem files;
  const auto path = (directory / "f").string();
  auto file = files.open(path, OpenMode::kCreate).value();
  REQUIRE(file->write_at(7, as_bytes("abc")));
  REQUIRE(file->sync_data());
  CHECK(files.history() ==
        std::vector<std::string>{"create " + path, "write " + path + " 7 3", "sync " + path});
}

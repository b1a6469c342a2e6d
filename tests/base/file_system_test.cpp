#include "firmware/base/file_system.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

FileSystem& disk() {
  return posix_file_system();
}

std::int64_t blocks_of(const std::filesystem::path& file) {
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  return info.st_blocks;
}

}  // namespace

TEST_CASE("bytes are written and read at their positions") {
  const test::TemporaryDirectory directory;
  const auto file = disk().open(directory / "f", OpenMode::kCreate).value();
  REQUIRE(file->write_at(0, as_bytes("hello world")));
  REQUIRE(file->write_at(6, as_bytes("WORLD")));
  REQUIRE(file->write_at(13, as_bytes("!")));
  CHECK(file->size().value() == 14);
  CHECK(as_text(file->read_at(0, 100).value()) == std::string_view("hello WORLD\0\0!", 14));
  CHECK(as_text(file->read_at(6, 5).value()) == "WORLD");
  CHECK(file->read_at(14, 5).value().empty());
  CHECK(file->read_at(1000, 5).value().empty());
  CHECK(file->sync_data());
}

TEST_CASE("truncating cuts or extends with zeros") {
  const test::TemporaryDirectory directory;
  const auto file = disk().open(directory / "f", OpenMode::kCreate).value();
  REQUIRE(file->write_at(0, as_bytes("hello")));
  REQUIRE(file->truncate(2));
  CHECK(as_text(file->read_at(0, 9).value()) == "he");
  REQUIRE(file->truncate(4));
  CHECK(file->read_at(0, 9).value() == Bytes{'h', 'e', 0, 0});
}

TEST_CASE("reserving takes blocks and leaves the size") {
  const test::TemporaryDirectory directory;
  const auto file = disk().open(directory / "f", OpenMode::kCreate).value();
  REQUIRE(file->write_at(0, as_bytes("hello")));
  REQUIRE(file->reserve(0, 1u << 20));
  CHECK(file->reserve(0, 0));
  CHECK(file->size().value() == 5);
  CHECK(blocks_of(directory / "f") * 512 >= (1 << 20));
}

// Larger than any file may be, so that it is refused at once: a reservation that only the disk's size refuses
// takes all that is free first, and other programs fail meanwhile.
TEST_CASE("what cannot be reserved is an error and leaves the file as it was") {
  const test::TemporaryDirectory directory;
  const auto file = disk().open(directory / "f", OpenMode::kCreate).value();
  CHECK_FALSE(file->reserve(0, 1ull << 62));
  CHECK(file->size().value() == 0);
  CHECK(blocks_of(directory / "f") == 0);
}

TEST_CASE("a full device is a full storage") {
  const auto file = disk().open("/dev/full", OpenMode::kReadWrite).value();
  CHECK(file->write_at(0, as_bytes("x")).error().kind == ErrorKind::kStorageFull);
}

TEST_CASE("each way of opening does what its name says") {
  const test::TemporaryDirectory directory;
  const auto path = directory / "f";
  CHECK(disk().open(path, OpenMode::kRead).error().kind == ErrorKind::kNotFound);
  CHECK(disk().open(path, OpenMode::kReadWrite).error().kind == ErrorKind::kNotFound);
  REQUIRE(disk().open(path, OpenMode::kCreate).value()->write_at(0, as_bytes("x")));
  CHECK(disk().open(path, OpenMode::kCreate).error().kind == ErrorKind::kAlreadyExists);
  CHECK(disk().open(path, OpenMode::kCreateOrOpen).value()->size().value() == 1);
  CHECK_FALSE(disk().open(path, OpenMode::kRead).value()->write_at(0, as_bytes("y")));
  CHECK(disk().open(path, OpenMode::kReadWrite).value()->write_at(0, as_bytes("y")));
  CHECK(disk().open(directory / "new", OpenMode::kCreateOrOpen));
}

TEST_CASE("directories are made with all their parents, once or twice") {
  const test::TemporaryDirectory directory;
  CHECK(disk().create_directories(directory / "a/b/c"));
  CHECK(disk().create_directories(directory / "a/b/c/"));
  CHECK(disk().create_directories(directory / "a/b/d/"));
  CHECK(disk().list(directory / "a/b").value() == std::vector<std::string>{"c", "d"});
  CHECK(disk().sync_directory(directory / "a"));
  REQUIRE(write_file_atomic(directory / "file", as_bytes("x")));
  CHECK_FALSE(disk().create_directories(directory / "file"));
  CHECK_FALSE(disk().create_directories(directory / "file/below"));
}

TEST_CASE("files are renamed, listed in order and removed") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"b", "a", "c"}) REQUIRE(write_file_atomic(directory / name, as_bytes(name)));
  CHECK(disk().list(directory.path()).value() == std::vector<std::string>{"a", "b", "c"});
  REQUIRE(disk().rename(directory / "b", directory / "c"));
  CHECK(read_text_file(directory / "c").value() == "b");
  REQUIRE(disk().remove(directory / "a"));
  CHECK_FALSE(disk().exists(directory / "a"));
  CHECK(disk().exists(directory / "c"));
  CHECK(disk().remove(directory / "a").error().kind == ErrorKind::kNotFound);
  CHECK(disk().list(directory / "none").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(disk().sync_directory(directory / "c"));
}

TEST_CASE("the free space is what an ordinary user has") {
  CHECK(disk().free_bytes("/tmp").value() > 0);
  CHECK(disk().free_bytes("/none").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("an atomic write leaves the wanted mode and nothing else behind") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "f", as_bytes("one"), 0640));
  REQUIRE(write_file_atomic(directory / "f", as_bytes("two"), 0600));
  CHECK(read_text_file(directory / "f").value() == "two");
  struct stat info {};
  REQUIRE(::stat((directory / "f").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(disk().list(directory.path()).value() == std::vector<std::string>{"f"});
}

TEST_CASE("a failed atomic write leaves the old file and no temporary one") {
  const test::TemporaryDirectory directory;
  REQUIRE(disk().create_directories(directory / "f/below"));
  CHECK_FALSE(write_file_atomic(directory / "f", as_bytes("x")));
  CHECK(disk().list(directory.path()).value() == std::vector<std::string>{"f"});
  CHECK(write_file_atomic(directory / "none/f", as_bytes("x")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a new file is never written over an old one") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_new_file_atomic(directory / "f", as_bytes("one"), 0600));
  CHECK(write_new_file_atomic(directory / "f", as_bytes("two")).error().kind == ErrorKind::kAlreadyExists);
  CHECK(read_text_file(directory / "f").value() == "one");
  CHECK(disk().list(directory.path()).value() == std::vector<std::string>{"f"});
}

TEST_CASE("reading a whole file keeps to its limit") {
  const test::TemporaryDirectory directory;
  const Bytes bytes(3'000'000, 7);
  REQUIRE(write_file_atomic(directory / "f", bytes));
  CHECK(read_file(directory / "f", 3'000'000).value() == bytes);
  CHECK(read_file(directory / "f", 2'999'999).error().kind == ErrorKind::kInvalidArgument);
  REQUIRE(write_file_atomic(directory / "empty", {}));
  CHECK(read_file(directory / "empty", 0).value().empty());
  CHECK(read_file(directory / "none").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(read_file(directory.path()));
}

TEST_CASE("a file that claims no size is read all the same") {
  CHECK_FALSE(read_text_file("/proc/self/status").value().empty());
}

TEST_CASE("what is no regular file is not read, and nobody waits for it") {
  const test::TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/dev/zero", directory / "device");
  std::filesystem::create_symlink("loop", directory / "loop");
  for (const auto* name : {"pipe", "device", "loop", "."}) {
    const auto file = disk().open(directory / name, OpenMode::kRead);
    REQUIRE_FALSE(file);
    CHECK(file.error().kind == ErrorKind::kInvalidArgument);
  }
}

#include "upload/sender/enrolment.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace shilu::sender;

TEST_CASE("an enrolment is kept for its own platform, readable by nobody else") {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "enrolment.json";
  const Enrolled enrolled{"http://one.test", "d-1", "secret", "http://one.test/files", "PEM", Bytes(32, 7)};
  REQUIRE(save_enrolment(file, enrolled));
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto again = load_enrolment(file, "http://one.test");
  REQUIRE(again);
  REQUIRE(*again);
  CHECK((*again)->token == "secret");
  CHECK((*again)->identity_key == Bytes(32, 7));
  const auto other = load_enrolment(file, "http://two.test");
  REQUIRE(other);
  CHECK_FALSE(*other);
}

TEST_CASE("no enrolment yet is no error, a damaged one is") {
  const test::TemporaryDirectory directory;
  const auto none = load_enrolment(directory.path() / "none.json", "http://one.test");
  REQUIRE(none);
  CHECK_FALSE(*none);
  REQUIRE(write_file_atomic(directory.path() / "bad.json", as_bytes("{}")));
  CHECK_FALSE(load_enrolment(directory.path() / "bad.json", "http://one.test"));
}

#include "firmware/portal/lesson_library.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

namespace shilu::portal {
namespace {

constexpr const char* kEarlier = "01a21f5f-37e6-7630-bd64-3989cb1d2879";
constexpr const char* kLater = "01a21f60-0000-7630-bd64-3989cb1d2879";

TEST_CASE("the library lists what looks like a lesson, oldest first") {
  const test::TemporaryDirectory folder;
  for (const auto* name : {kLater, kEarlier, "new-lesson"}) {
    REQUIRE(posix_file_system().create_directories(folder / name));
    REQUIRE(write_file_atomic(folder / name / "lesson.json", as_bytes(std::string("{}"))));
  }
  REQUIRE(posix_file_system().create_directories(folder / "01a21f61-0000-7630-bd64-3989cb1d2879"));  // empty
  CHECK(LessonLibrary(folder.path()).ids().value() == std::vector<std::string>{kEarlier, kLater});
}

TEST_CASE("a library that cannot be read is not an empty one") {
  const test::TemporaryDirectory folder;
  CHECK(LessonLibrary(folder.path()).ids().value().empty());
  CHECK_FALSE(LessonLibrary(folder / "gone").ids().has_value());
  REQUIRE(write_file_atomic(folder / "file", as_bytes(std::string("x"))));
  CHECK_FALSE(LessonLibrary(folder / "file").ids().has_value());
}

}  // namespace
}  // namespace shilu::portal

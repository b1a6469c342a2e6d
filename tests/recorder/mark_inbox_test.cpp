#include "capture/recorder/mark_inbox.h"

#include <catch2/catch.hpp>

#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

MarkRequest press(const Clock& clock) {
  MarkRequest request;
  request.id = new_uuid();
  request.point = "A6";
  request.pressed = clock.monotonic();
  request.look_back = std::chrono::seconds(30);
  return request;
}

}  // namespace

TEST_CASE("a mark in the inbox is read back as it was pressed") {
  TemporaryDirectory lesson;
  ManualClock clock;
  const auto request = press(clock);
  REQUIRE(put_into_inbox(lesson.path(), request, clock));
  REQUIRE(put_into_inbox(lesson.path(), request, clock));  // sent again
  clock.advance(std::chrono::seconds(20));
  const auto found = read_mark_inbox(posix_file_system(), lesson.path(), clock);
  REQUIRE(found.size() == 1);
  CHECK(found[0].request.id == request.id);
  CHECK(found[0].request.point == "A6");
  CHECK(found[0].request.pressed == request.pressed);
  CHECK(found[0].request.look_back == std::chrono::seconds(30));
}

TEST_CASE("a mark of an earlier boot is placed by the wall clock") {
  TemporaryDirectory lesson;
  ManualClock clock;
  const auto request = press(clock);
  REQUIRE(put_into_inbox(lesson.path(), request, clock));
  const auto file = lesson.path() / "inbox" / (request.id + ".json");
  auto json = parse_json(*read_text_file(file));
  (*json)["boot_id"] = "00000000-0000-0000-0000-000000000000";
  (*json)["pressed_monotonic_ns"] = 7;
  REQUIRE(write_file_atomic(file, to_bytes(canonical_json(*json))));
  clock.advance(std::chrono::seconds(90));
  const auto found = read_mark_inbox(posix_file_system(), lesson.path(), clock);
  REQUIRE(found.size() == 1);
  CHECK(clock.monotonic() - found[0].request.pressed == Nanoseconds(90 * kSecond));
}

TEST_CASE("what is no mark stays where it is") {
  TemporaryDirectory lesson;
  const ManualClock clock;
  REQUIRE(posix_file_system().create_directories(lesson.path() / "inbox"));
  REQUIRE(write_file_atomic(lesson.path() / "inbox" / "x.json", to_bytes("{")));
  CHECK(read_mark_inbox(posix_file_system(), lesson.path(), clock).empty());
  CHECK(std::filesystem::exists(lesson.path() / "inbox" / "x.json"));
  auto bad = press(clock);
  bad.id = "../escape";
  CHECK(put_into_inbox(lesson.path(), bad, clock).error().kind == ErrorKind::kInvalidArgument);
}

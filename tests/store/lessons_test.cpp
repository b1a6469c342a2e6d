#include <catch2/catch.hpp>

#include "tests/store/device_store_fixture.h"

using namespace shilu;
using namespace shilu::store;
using Fixture = test::DeviceStoreFixture;

namespace {
constexpr std::string_view kNoId = "00000000-0000-7000-8000-000000000000";
}

TEST_CASE_METHOD(Fixture, "a lesson comes back as it was put, and is replaced by its id") {
  add_teachers();
  auto lesson = add_lesson();
  CHECK(store.lesson(lesson.id).value() == lesson);
  const auto clip = add_clip(lesson);
  lesson.state = LessonState::kRecovered;
  lesson.topic = "平抛运动";
  lesson.duration_ms = 2'400'000;
  REQUIRE(store.put_lesson(lesson));
  CHECK(store.lesson(lesson.id).value() == lesson);
  CHECK(store.clips_of(lesson.id).value() == std::vector<Clip>{clip});
  CHECK(store.lesson(kNoId).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "what the folder says and what the teacher says are updated apart") {
  const auto lesson = add_lesson(std::nullopt);
  REQUIRE(store.update_lesson(lesson.id, {LessonState::kFinished, 60'000, 12'345'678, 1, 2}));
  REQUIRE(store.describe_lesson(lesson.id, "数学", "", "函数"));
  const auto now = store.lesson(lesson.id).value();
  CHECK(now.state == LessonState::kFinished);
  CHECK(now.duration_ms == 60'000);
  CHECK(now.size_bytes == 12'345'678);
  CHECK(now.gap_count == 1);
  CHECK(now.mark_count == 2);
  CHECK(now.subject == "数学");
  CHECK(now.class_name.empty());
  CHECK(now.topic == "函数");
  CHECK(store.update_lesson(kNoId, {}).error().kind == ErrorKind::kNotFound);
  CHECK(store.describe_lesson(kNoId, "", "", "").error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "lists begin with the newest, and a teacher's hold no others") {
  add_teachers();
  const auto first = add_lesson("T001");
  clock.advance(std::chrono::hours(1));
  const auto second = add_lesson("T002");
  clock.advance(std::chrono::hours(1));
  const auto third = add_lesson("T001");
  const auto guest = add_lesson(std::nullopt);
  CHECK(store.lessons().value() == std::vector<Lesson>{guest, third, second, first});
  CHECK(store.lessons_of("T001").value() == std::vector<Lesson>{third, first});
  CHECK(store.lessons_of("T009").value().empty());
}

TEST_CASE_METHOD(Fixture, "a guest's lesson can be claimed once") {
  add_teachers();
  const auto lesson = add_lesson(std::nullopt);
  CHECK(store.claim_lesson(lesson.id, "T009").error().kind == ErrorKind::kFailedPrecondition);
  REQUIRE(store.claim_lesson(lesson.id, "T001"));
  CHECK(store.lesson(lesson.id).value().teacher_id == "T001");
  CHECK(store.claim_lesson(lesson.id, "T002").error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.lesson(lesson.id).value().teacher_id == "T001");
  CHECK(store.claim_lesson(kNoId, "T001").error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a lesson that something refers to is not forgotten") {
  add_teachers();
  const auto lesson = add_lesson();
  const auto clip = add_clip(lesson);
  CHECK(store.forget_lesson(lesson.id).error().kind == ErrorKind::kFailedPrecondition);
  REQUIRE(store.delete_clip(clip.id));
  REQUIRE(store.forget_lesson(lesson.id));
  CHECK(store.forget_lesson(lesson.id).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a lesson that breaks a rule is not stored") {
  auto lesson = add_lesson(std::nullopt);
  auto bad = lesson;
  bad.id = "not-a-uuid";
  bad.directory = "elsewhere";
  CHECK(store.put_lesson(bad).error().kind == ErrorKind::kInvalidArgument);
  bad = lesson;
  bad.id = std::string(kNoId);
  CHECK(store.put_lesson(bad).error().kind == ErrorKind::kAlreadyExists);  // the same folder
  bad = lesson;
  bad.teacher_id = "T009";
  CHECK(store.put_lesson(bad).error().kind == ErrorKind::kFailedPrecondition);
  bad = lesson;
  bad.duration_ms = -1;
  CHECK(store.put_lesson(bad).error().kind == ErrorKind::kInvalidArgument);
  CHECK(store.lessons().value() == std::vector<Lesson>{lesson});
}

#include "tests/store/device_store_fixture.h"

#include <catch2/catch.hpp>

#include "firmware/base/digest.h"
#include "firmware/base/ids.h"

namespace shilu::test {

void DeviceStoreFixture::add_teachers() {
  REQUIRE(store.create_teacher({"T001", "王老师"}, kPin));
  REQUIRE(store.create_teacher({"T002", "李老师"}, kPin));
}

store::Lesson DeviceStoreFixture::add_lesson(std::optional<std::string> teacher) {
  store::Lesson lesson;
  lesson.id = new_uuid();
  lesson.teacher_id = std::move(teacher);
  lesson.subject = "物理";
  lesson.class_name = "高一(3)班";
  lesson.topic = "自由落体";
  lesson.started_utc_ms = clock.wall().ns / 1'000'000;
  lesson.directory = "lessons/" + lesson.id;
  REQUIRE(store.put_lesson(lesson));
  return lesson;
}

store::Clip DeviceStoreFixture::add_clip(const store::Lesson& lesson) {
  store::Clip clip;
  clip.lesson_id = lesson.id;
  clip.point = "A6";
  clip.from_ms = 12'000;
  clip.to_ms = 25'500;
  clip.sources = {"room", "board"};
  return store.create_clip(clip).value();
}

store::Submission DeviceStoreFixture::add_submission() {
  const auto lesson = add_lesson();
  const auto clip = add_clip(lesson);
  return store.create_submission({lesson.id, clip.id, "T001", "A6", "moe-2.0", R"({"主题":"x"})"}).value();
}

store::Submission DeviceStoreFixture::add_queued() {
  const auto submission = add_submission();
  REQUIRE(store.package_built(submission.id, "outbox/" + submission.id + ".zip", fake_sha256(), 1'000'000));
  return store.submission(submission.id).value();
}

std::string fake_sha256() {
  return to_hex(sha256(random_bytes(32)));
}

}  // namespace shilu::test

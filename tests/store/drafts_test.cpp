#include <catch2/catch.hpp>

#include "firmware/base/ids.h"
#include "tests/store/device_store_fixture.h"

using namespace shilu;
using namespace shilu::store;
using Fixture = test::DeviceStoreFixture;

namespace {

Document plan_of(const Lesson& lesson, std::optional<std::string> clip_id) {
  Document document;
  document.lesson_id = lesson.id;
  document.clip_id = std::move(clip_id);
  document.title = "教学设计";
  document.media_type = "application/pdf";
  document.file = "documents/" + new_uuid();
  document.size_bytes = 1234;
  document.sha256 = test::fake_sha256();
  return document;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a clip gets its id and time, is changed and deleted") {
  const auto lesson = add_lesson(std::nullopt);
  auto clip = add_clip(lesson);
  CHECK(is_uuid(clip.id));
  CHECK(clip.created_utc_ms == clock.wall().ns / 1'000'000);
  CHECK(store.clip(clip.id).value() == clip);
  clip.point = "B2";
  clip.from_ms = -5'000;  // pre-roll
  clip.to_ms = 0;
  clip.sources = {"room"};
  clip.mark_id = new_uuid();
  REQUIRE(store.update_clip(clip));
  CHECK(store.clip(clip.id).value() == clip);
  REQUIRE(store.delete_clip(clip.id));
  CHECK(store.clip(clip.id).error().kind == ErrorKind::kNotFound);
  CHECK(store.update_clip(clip).error().kind == ErrorKind::kNotFound);
  CHECK(store.delete_clip(clip.id).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a clip is frozen while a submission of it is alive") {
  add_teachers();
  const auto submission = add_queued();
  auto clip = store.clip(submission.clip_id).value();
  clip.to_ms += 1'000;
  CHECK(store.update_clip(clip).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(store.clip(clip.id).value().to_ms == clip.to_ms - 1'000);
  SECTION("not after it was rejected") {
    REQUIRE(store.reject(submission.id, "[]"));
    CHECK_FALSE(is_alive(store.submission(submission.id).value()));
  }
  SECTION("not after it was withdrawn") {
    REQUIRE(store.withdraw_submission(submission.id));
    CHECK_FALSE(is_alive(store.submission(submission.id).value()));
  }
  REQUIRE(store.update_clip(clip));
  CHECK(store.clip(clip.id).value() == clip);
}

TEST_CASE_METHOD(Fixture, "a lesson's clips and documents are listed in the order of making") {
  const auto lesson = add_lesson(std::nullopt);
  const auto other = add_lesson(std::nullopt);
  const auto first = add_clip(lesson);
  const auto second = add_clip(lesson);
  (void)add_clip(other);
  CHECK(store.clips_of(lesson.id).value() == std::vector<Clip>{first, second});
  const auto plan = store.create_document(plan_of(lesson, std::nullopt)).value();
  const auto reflection = store.create_document(plan_of(lesson, first.id)).value();
  CHECK(store.documents_of(lesson.id).value() == std::vector<Document>{plan, reflection});
  CHECK(store.documents_of(other.id).value().empty());
}

TEST_CASE_METHOD(Fixture, "a clip that breaks a rule is not stored") {
  const auto lesson = add_lesson(std::nullopt);
  const auto good = add_clip(lesson);
  const auto refused = [&](const Clip& clip) { return store.create_clip(clip).error().kind; };
  auto clip = good;
  clip.to_ms = clip.from_ms;
  CHECK(refused(clip) == ErrorKind::kInvalidArgument);
  CHECK(store.update_clip(clip).error().kind == ErrorKind::kInvalidArgument);
  clip = good;
  clip.sources.clear();
  CHECK(refused(clip) == ErrorKind::kInvalidArgument);
  clip = good;
  clip.point.clear();
  CHECK(refused(clip) == ErrorKind::kInvalidArgument);
  clip = good;
  clip.mark_id = "third one";
  CHECK(refused(clip) == ErrorKind::kInvalidArgument);
  clip = good;
  clip.lesson_id = new_uuid();
  CHECK(refused(clip) == ErrorKind::kFailedPrecondition);
  CHECK(store.clips_of(lesson.id).value() == std::vector<Clip>{good});
}

TEST_CASE_METHOD(Fixture, "a document outlives the clip that it was for") {
  const auto lesson = add_lesson(std::nullopt);
  const auto clip = add_clip(lesson);
  const auto document = store.create_document(plan_of(lesson, clip.id)).value();
  REQUIRE(store.delete_clip(clip.id));
  CHECK_FALSE(store.document(document.id).value().clip_id);
  REQUIRE(store.delete_document(document.id));
  CHECK(store.document(document.id).error().kind == ErrorKind::kNotFound);
  CHECK(store.delete_document(document.id).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a document that breaks a rule is not stored") {
  const auto lesson = add_lesson(std::nullopt);
  const auto good = store.create_document(plan_of(lesson, std::nullopt)).value();
  const auto refused = [&](const Document& document) { return store.create_document(document).error().kind; };
  CHECK(refused(good) == ErrorKind::kAlreadyExists);  // the same file
  auto document = plan_of(lesson, std::nullopt);
  document.sha256[0] = 'A';
  CHECK(refused(document) == ErrorKind::kInvalidArgument);
  document = plan_of(lesson, std::nullopt);
  document.size_bytes = 0;
  CHECK(refused(document) == ErrorKind::kInvalidArgument);
  document = plan_of(lesson, std::nullopt);
  document.title.clear();
  CHECK(refused(document) == ErrorKind::kInvalidArgument);
  document = plan_of(lesson, std::nullopt);
  document.media_type = "pdf";
  CHECK(refused(document) == ErrorKind::kInvalidArgument);
  document = plan_of(lesson, new_uuid());
  CHECK(refused(document) == ErrorKind::kFailedPrecondition);
}

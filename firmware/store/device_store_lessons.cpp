// The index of the lesson folders.

#include "firmware/store/device_store_impl.h"

namespace shilu::store {
namespace {

constexpr LessonState kStates[] = {LessonState::kRecording, LessonState::kFinished, LessonState::kRecovered};

constexpr std::string_view kSelect =
    "select id, teacher, subject, class_name, topic, state, started_utc_ms, duration_ms, size_bytes, "
    "gap_count, "
    "mark_count, directory from lessons ";

std::string select(std::string_view rest) {
  return std::string(kSelect).append(rest);
}

Result<Lesson> read_lesson(const Row& row) {
  Lesson lesson;
  std::string state;
  row.read(lesson.id, lesson.teacher_id, lesson.subject, lesson.class_name, lesson.topic, state,
           lesson.started_utc_ms, lesson.duration_ms, lesson.size_bytes, lesson.gap_count, lesson.mark_count,
           lesson.directory);
  SHILU_TRY(lesson.state, state_from(state, kStates));
  return lesson;
}

constexpr std::string_view kInsert =
    "insert into lessons (id, teacher, subject, class_name, topic, state, started_utc_ms, duration_ms, "
    "size_bytes, gap_count, mark_count, directory) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict (id) do ";

Result<std::int64_t> insert(Database& database, const Lesson& lesson, std::string_view on_conflict) {
  return database.run(std::string(kInsert).append(on_conflict), lesson.id, lesson.teacher_id, lesson.subject,
                      lesson.class_name, lesson.topic, to_string(lesson.state), lesson.started_utc_ms,
                      lesson.duration_ms, lesson.size_bytes, lesson.gap_count, lesson.mark_count,
                      lesson.directory);
}

}  // namespace

std::string_view to_string(LessonState state) {
  switch (state) {
    case LessonState::kRecording:
      return "recording";
    case LessonState::kFinished:
      return "finished";
    case LessonState::kRecovered:
      return "recovered";
  }
  return "";
}

Status DeviceStore::put_lesson(const Lesson& lesson) {
  const std::lock_guard lock(impl_->mutex);
  // Not "insert or replace", which would delete the row that clips refer to.
  return insert(impl_->database, lesson,
                "update set teacher = ?2, subject = ?3, class_name = ?4, topic = ?5, state = ?6, "
                "started_utc_ms = ?7, duration_ms = ?8, size_bytes = ?9, gap_count = ?10, mark_count = ?11, "
                "directory = ?12")
      .map([](std::int64_t) {});
}

Result<bool> DeviceStore::add_lesson(const Lesson& lesson) {
  const std::lock_guard lock(impl_->mutex);
  return insert(impl_->database, lesson, "nothing").map([](std::int64_t added) { return added > 0; });
}

Status DeviceStore::update_lesson(std::string_view id, const LessonFacts& facts) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(
      impl_->database.run("update lessons set state = ?2, duration_ms = ?3, size_bytes = ?4, gap_count = ?5, "
                          "mark_count = ?6 where id = ?1",
                          id, to_string(facts.state), facts.duration_ms, facts.size_bytes, facts.gap_count,
                          facts.mark_count),
      "lesson", id);
}

Status DeviceStore::describe_lesson(std::string_view id, std::string_view subject,
                                    std::string_view class_name, std::string_view topic) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(
      impl_->database.run("update lessons set subject = ?2, class_name = ?3, topic = ?4 where id = ?1", id,
                          subject, class_name, topic),
      "lesson", id);
}

Status DeviceStore::claim_lesson(std::string_view id, std::string_view teacher_id) {
  const std::lock_guard lock(impl_->mutex);
  auto& database = impl_->database;
  SHILU_TRY(
      const auto claimed,
      database.run("update lessons set teacher = ?2 where id = ?1 and teacher is null", id, teacher_id));
  if (claimed > 0) return {};
  SHILU_CHECK(required(at_most_one(database.query(select("where id = ?1"), id), read_lesson), "lesson", id)
                  .map([](const Lesson&) {}));
  return fail(ErrorKind::kFailedPrecondition, fmt::format("lesson {} has a teacher already", id));
}

Result<Lesson> DeviceStore::lesson(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return required(at_most_one(impl_->database.query(select("where id = ?1"), id), read_lesson), "lesson", id);
}

Result<std::vector<Lesson>> DeviceStore::lessons() {
  const std::lock_guard lock(impl_->mutex);
  return all(impl_->database.query(select("order by started_utc_ms desc, id desc")), read_lesson);
}

Result<std::vector<Lesson>> DeviceStore::lessons_of(std::string_view teacher_id) {
  const std::lock_guard lock(impl_->mutex);
  return all(
      impl_->database.query(select("where teacher = ?1 order by started_utc_ms desc, id desc"), teacher_id),
      read_lesson);
}

Status DeviceStore::forget_lesson(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return expect_change(impl_->database.run("delete from lessons where id = ?1", id), "lesson", id);
}

}  // namespace shilu::store

#include "firmware/portal/lesson_index.h"

#include <algorithm>

#include "firmware/base/log.h"
#include "firmware/portal/subject_salt.h"

namespace shilu::portal {
namespace {

store::LessonState state_of(const journal::LessonFolder& folder) {
  if (!folder.finished()) return store::LessonState::kRecording;
  const auto& records = folder.records();
  const bool recovered = std::any_of(records.begin(), records.end(), [](const journal::StoredRecord& stored) {
    const auto* event = std::get_if<journal::EventRecord>(&stored.record);
    return event != nullptr && std::holds_alternative<journal::RecoveredEvent>(event->body);
  });
  return recovered ? store::LessonState::kRecovered : store::LessonState::kFinished;
}

store::LessonFacts facts_of(const journal::LessonFolder& folder) {
  store::LessonFacts facts;
  facts.state = state_of(folder);
  facts.duration_ms = std::max<std::int64_t>(0, folder.duration().count() / 1'000'000);
  for (const journal::StoredRecord& stored : folder.records()) {
    if (const auto* fragment = std::get_if<journal::FragmentRecord>(&stored.record))
      facts.size_bytes += fragment->size;
  }
  facts.gap_count = static_cast<std::int64_t>(folder.gaps().size());
  const auto marks = folder.marks();
  facts.mark_count = std::count_if(marks.begin(), marks.end(), [](const Mark& mark) { return !mark.undone; });
  return facts;
}

// The journal names its teacher by a salted hash only.
Result<std::optional<std::string>> signed_in_teacher(const Context& context,
                                                     const journal::LessonFolder& folder) {
  SHILU_TRY(const auto teachers, context.store.teachers());
  for (const journal::StoredRecord& stored : folder.records()) {
    const auto* event = std::get_if<journal::EventRecord>(&stored.record);
    const auto* sign_in = event == nullptr ? nullptr : std::get_if<journal::SignInEvent>(&event->body);
    if (sign_in == nullptr) continue;
    for (const store::Teacher& teacher : teachers) {
      if (subject_hash(context.subject_salt, teacher.id) == sign_in->subject_sha256)
        return std::optional(teacher.id);
    }
  }
  return std::optional<std::string>();
}

store::Lesson new_row(const journal::LessonFolder& folder, const store::LessonFacts& facts) {
  store::Lesson lesson;
  lesson.id = folder.info().lesson_id;
  lesson.state = facts.state;
  lesson.started_utc_ms = folder.info().start_wall.ns / 1'000'000;
  lesson.duration_ms = facts.duration_ms;
  lesson.size_bytes = facts.size_bytes;
  lesson.gap_count = facts.gap_count;
  lesson.mark_count = facts.mark_count;
  lesson.directory = folder.directory();
  return lesson;
}

}  // namespace

Status refresh_index(const Context& context, const std::string& lesson_id) {
  SHILU_TRY(const bool done,
            context.lessons.with<bool>(lesson_id, [&](journal::LessonFolder& folder) -> Result<bool> {
              const store::LessonFacts facts = facts_of(folder);
              store::Lesson row = new_row(folder, facts);
              SHILU_TRY(row.teacher_id, signed_in_teacher(context, folder));
              SHILU_TRY(const bool added, context.store.add_lesson(row));
              if (!added) SHILU_CHECK(context.store.update_lesson(lesson_id, facts));
              return true;
            }));
  (void)done;
  return {};
}

Result<std::optional<std::string>> owner_of(const Context& context, const std::string& lesson_id) {
  const auto row = context.store.lesson(lesson_id);
  if (row) return row->teacher_id;
  if (row.error().kind != ErrorKind::kNotFound) return fail(row.error());
  return context.lessons.with<std::optional<std::string>>(
      lesson_id, [&](journal::LessonFolder& folder) { return signed_in_teacher(context, folder); });
}

Status rebuild_index(const Context& context) {
  const auto ids = context.lessons.ids();
  if (!ids) {
    log_error("index: {}", ids.error().message);
    return {};  // the page must be there all the same
  }
  for (const std::string& id : *ids) {
    // One unreadable folder must not hide the others.
    if (const auto refreshed = refresh_index(context, id); !refreshed) {
      log_warning("index: lesson={} {}", id, refreshed.error().message);
    }
  }
  return {};
}

}  // namespace shilu::portal

#include "firmware/portal/owned.h"

#include "firmware/portal/answers.h"

namespace shilu::portal {
namespace {

constexpr std::string_view kMp4 = ".mp4";

template <typename T>
Result<T> of_lesson(Result<T> found, const store::Lesson& lesson, std::string_view what) {
  if (found && found->lesson_id == lesson.id) return found;
  if (!found && found.error().kind != ErrorKind::kNotFound) return found;
  return fail(ErrorKind::kNotFound, std::string("There is no such ") + std::string(what) + ".");
}

}  // namespace

Result<store::Lesson> own_lesson(store::DeviceStore& store, const store::Teacher& teacher,
                                 std::string_view lesson_id) {
  auto lesson = store.lesson(lesson_id);
  if (lesson && lesson->teacher_id == teacher.id) return lesson;
  if (!lesson && lesson.error().kind != ErrorKind::kNotFound) return lesson;
  return fail(ErrorKind::kNotFound, "There is no such lesson.");
}

Result<store::Lesson> own_lesson(store::DeviceStore& store, const store::Teacher& teacher,
                                 const http::Request& request) {
  return own_lesson(store, teacher, request.parameter("lesson"));
}

Result<store::Clip> own_clip(store::DeviceStore& store, const store::Teacher& teacher,
                             const http::Request& request) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(store, teacher, request));
  return of_lesson(store.clip(request.parameter("clip")), lesson, "clip");
}

Result<store::Document> own_document(store::DeviceStore& store, const store::Teacher& teacher,
                                     const http::Request& request) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(store, teacher, request));
  return of_lesson(store.document(request.parameter("document")), lesson, "document");
}

Result<std::string> source_of_file(const http::Request& request) {
  std::string_view file = request.parameter("file");
  if (!file.ends_with(kMp4)) return fail(ErrorKind::kNotFound, "There is no such file.");
  file.remove_suffix(kMp4.size());
  if (!is_source_name(file)) return fail(ErrorKind::kNotFound, "There is no such source.");
  return std::string(file);
}

Result<std::size_t> part_of_query(const http::Request& request) {
  SHILU_TRY(const auto part, query_number(request, "part"));
  if (part && *part < 1) return fail(ErrorKind::kNotFound, "Parts are counted from 1.");
  return static_cast<std::size_t>(part.value_or(1));
}

}  // namespace shilu::portal

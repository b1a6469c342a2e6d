#include "firmware/portal/lesson_routes.h"

#include "capture/journal/checker.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/lesson_json.h"
#include "firmware/portal/owned.h"

namespace shilu::portal {
namespace {

Result<http::Response> list_lessons(const Context& context, const store::Teacher& teacher) {
  SHILU_TRY(const auto lessons, context.store.lessons_of(teacher.id));
  Json list = Json::array();
  for (const store::Lesson& lesson : lessons) list.push_back(lesson_json(lesson));
  return http::json(200, {{"lessons", std::move(list)}});
}

Result<Json> drafts_of(store::DeviceStore& store, const std::string& lesson_id) {
  Json drafts = {{"clips", Json::array()}, {"documents", Json::array()}};
  SHILU_TRY(const auto clips, store.clips_of(lesson_id));
  for (const store::Clip& clip : clips) drafts["clips"].push_back(clip_json(clip));
  SHILU_TRY(const auto documents, store.documents_of(lesson_id));
  for (const store::Document& document : documents) drafts["documents"].push_back(document_json(document));
  return drafts;
}

Result<http::Response> one_lesson(const Context& context, const http::Request& request,
                                  const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const Json drafts, drafts_of(context.store, lesson.id));
  Json json = lesson_json(lesson);
  json.update(drafts);
  SHILU_TRY(const Json recorded,
            context.lessons.with<Json>(lesson.id, [](journal::LessonFolder& folder) -> Result<Json> {
              return Json{{"tracks", tracks_json(folder)},
                          {"marks", marks_json(folder)},
                          {"gaps", gaps_json(folder)},
                          {"recorded_from_ms", folder.recorded_from().ms()}};
            }));
  json.update(recorded);
  return http::json(200, json);
}

Result<http::Response> lesson_movie(const Context& context, MovieCache& movies, const http::Request& request,
                                    const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const std::string source, source_of_file(request));
  http::Response response;
  response.content_type = "video/mp4";
  SHILU_TRY(response.body, movies.movie(lesson.id, source, std::nullopt));
  return response;
}

Result<http::Response> check(const Context& context, const http::Request& request,
                             const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const journal::CheckReport report, journal::check_lesson(context.lessons.path_of(lesson.id)));
  return http::json(200, report.to_json());
}

}  // namespace

void add_lesson_routes(http::Server& server, const Context& context, MovieCache& movies) {
  using http::Request;
  using store::Teacher;
  server.route("GET", "/api/lessons",
               for_teacher(context.store, [context](const Request&, const Teacher& teacher) {
                 return list_lessons(context, teacher);
               }));
  server.route("GET", "/api/lessons/{lesson}",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return one_lesson(context, request, teacher);
               }));
  server.route("GET", "/api/lessons/{lesson}/media/{file}",
               for_teacher(context.store, [context, &movies](const Request& request, const Teacher& teacher) {
                 return lesson_movie(context, movies, request, teacher);
               }));
  server.route("GET", "/api/lessons/{lesson}/check",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return check(context, request, teacher);
               }));
}

}  // namespace shilu::portal

#include "firmware/portal/lesson_routes.h"

#include <algorithm>

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

std::vector<std::string> sources_of(const journal::LessonFolder& folder) {
  std::vector<std::string> sources;
  for (const auto& track : folder.tracks()) {
    const auto name = parse_track_name(track.name);
    if (name && std::find(sources.begin(), sources.end(), name->source) == sources.end())
      sources.push_back(name->source);
  }
  return sources;
}

Json clips_json(const journal::LessonFolder& folder, const std::vector<store::Clip>& clips) {
  Json list = Json::array();
  for (const store::Clip& clip : clips) {
    Json json = clip_json(clip);
    json["parts"] = parts_json(folder, clip.sources,
                               TimeRange{LessonTime::from_ms(clip.from_ms), LessonTime::from_ms(clip.to_ms)});
    list.push_back(std::move(json));
  }
  return list;
}

Result<Json> documents_json(store::DeviceStore& store, const std::string& lesson_id) {
  SHILU_TRY(const auto documents, store.documents_of(lesson_id));
  Json list = Json::array();
  for (const store::Document& document : documents) list.push_back(document_json(document));
  return list;
}

Result<http::Response> one_lesson(const Context& context, const http::Request& request,
                                  const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const auto clips, context.store.clips_of(lesson.id));
  Json json = lesson_json(lesson);
  SHILU_TRY(json["documents"], documents_json(context.store, lesson.id));
  SHILU_TRY(const Json recorded,
            context.lessons.with<Json>(lesson.id, [&](journal::LessonFolder& folder) -> Result<Json> {
              return Json{{"tracks", tracks_json(folder)},
                          {"parts", parts_json(folder, sources_of(folder), std::nullopt)},
                          {"clips", clips_json(folder, clips)},
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
  SHILU_TRY(const std::size_t part, part_of_query(request));
  SHILU_TRY(response.body, movies.movie(lesson.id, source, std::nullopt, part));
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

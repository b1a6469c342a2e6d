#include "firmware/portal/clip_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/lesson_json.h"
#include "firmware/portal/owned.h"
#include "firmware/portal/submission_check.h"

namespace shilu::portal {
namespace {

constexpr std::int64_t kShortestClip_ms = 1000;

// Takes from `body` what it has of a clip's members.
Status read_clip(const Json& body, store::Clip& clip) {
  if (body.contains("point")) {
    SHILU_TRY(clip.point, json_string(body, "point"));
  }
  if (body.contains("from_ms")) {
    SHILU_TRY(clip.from_ms, json_int(body, "from_ms"));
  }
  if (body.contains("to_ms")) {
    SHILU_TRY(clip.to_ms, json_int(body, "to_ms"));
  }
  if (body.contains("mark") && !body["mark"].is_null()) {
    SHILU_TRY(clip.mark_id, json_string(body, "mark"));
  }
  if (!body.contains("sources")) return {};
  SHILU_TRY(const Json sources, json_array(body, "sources"));
  clip.sources.clear();
  for (const Json& source : sources) {
    if (!source.is_string()) return fail(ErrorKind::kInvalidArgument, "\"sources\" must hold names");
    clip.sources.push_back(source.get<std::string>());
  }
  return {};
}

std::optional<http::Response> refuse_point(const Context& context, const store::Clip& clip) {
  const auto point = context.catalogue.require(clip.point);
  if (point) return std::nullopt;
  return http::problem(400, "unknown-point", point.error().message);
}

std::optional<http::Response> refuse_range(const journal::LessonFolder& folder, const store::Clip& clip) {
  const std::int64_t end_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(folder.duration()).count();
  // Not `folder.recorded_from()` to the millisecond: the page counts in whole ones.
  const std::int64_t begin_ms = folder.recorded_from().ms();
  const bool inside = is_lesson_ms(clip.from_ms) && is_lesson_ms(clip.to_ms) && clip.from_ms >= begin_ms &&
                      clip.to_ms <= end_ms && clip.to_ms - clip.from_ms >= kShortestClip_ms;
  if (!inside) {
    return http::problem(
        400, "bad-range",
        fmt::format("A clip must lie inside what was recorded ({:.1f} to {:.1f} s) and last at least 1 s.",
                    static_cast<double>(begin_ms) / 1000, static_cast<double>(end_ms) / 1000));
  }
  for (const std::string& source : clip.sources) {
    const auto& tracks = folder.tracks();
    const bool recorded = std::any_of(tracks.begin(), tracks.end(), [&](const auto& track) {
      const auto name = parse_track_name(track.name);
      return name && name->source == source;
    });
    if (!recorded)
      return http::problem(400, "unknown-source", fmt::format("The lesson has no source \"{}\".", source));
  }
  if (clip.sources.empty()) return http::problem(400, "unknown-source", "A clip needs at least one source.");
  return std::nullopt;
}

// nullopt: the clip may be stored.
Result<std::optional<http::Response>> refuse(const Context& context, const store::Clip& clip) {
  if (auto refusal = refuse_point(context, clip)) return refusal;
  return context.lessons.with<std::optional<http::Response>>(
      clip.lesson_id, [&](journal::LessonFolder& folder) {
        return Result<std::optional<http::Response>>(refuse_range(folder, clip));
      });
}

Result<http::Response> create_clip(const Context& context, const http::Request& request,
                                   const store::Teacher& teacher) {
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, request));
  SHILU_TRY(const Json body, body_object(request));
  store::Clip clip;
  clip.lesson_id = lesson.id;
  SHILU_CHECK(read_clip(body, clip));
  SHILU_TRY(auto refusal, refuse(context, clip));
  if (refusal) return std::move(*refusal);
  SHILU_TRY(const store::Clip created, context.store.create_clip(clip));
  return http::json(201, clip_json(created));
}

http::Response refusal_of(const Error& error) {
  if (error.kind != ErrorKind::kFailedPrecondition) return http::problem(error);
  return http::problem(409, "clip-submitted",
                       "This clip has been submitted. Withdraw the submission before changing it.");
}

Result<http::Response> change_clip(const Context& context, const http::Request& request,
                                   const store::Teacher& teacher) {
  SHILU_TRY(store::Clip clip, own_clip(context.store, teacher, request));
  SHILU_TRY(const Json body, body_object(request));
  SHILU_CHECK(read_clip(body, clip));
  SHILU_TRY(auto refusal, refuse(context, clip));
  if (refusal) return std::move(*refusal);
  if (const Status changed = context.store.update_clip(clip); !changed) return refusal_of(changed.error());
  return http::json(200, clip_json(clip));
}

Result<http::Response> delete_clip(const Context& context, const http::Request& request,
                                   const store::Teacher& teacher) {
  SHILU_TRY(const store::Clip clip, own_clip(context.store, teacher, request));
  if (const Status deleted = context.store.delete_clip(clip.id); !deleted) return refusal_of(deleted.error());
  return http::no_content();
}

Result<http::Response> clip_movie(const Context& context, MovieCache& movies, const http::Request& request,
                                  const store::Teacher& teacher) {
  SHILU_TRY(const store::Clip clip, own_clip(context.store, teacher, request));
  SHILU_TRY(const std::string source, source_of_file(request));
  http::Response response;
  response.content_type = "video/mp4";
  SHILU_TRY(const std::size_t part, part_of_query(request));
  SHILU_TRY(
      response.body,
      movies.movie(clip.lesson_id, source,
                   TimeRange{LessonTime::from_ms(clip.from_ms), LessonTime::from_ms(clip.to_ms)}, part));
  return response;
}

Result<http::Response> clip_check(const Context& context, const http::Request& request,
                                  const store::Teacher& teacher) {
  SHILU_TRY(const store::Clip clip, own_clip(context.store, teacher, request));
  SHILU_TRY(const SubmissionCheck check, check_submission(context, clip));
  return http::json(200, check.to_json());
}

}  // namespace

void add_clip_routes(http::Server& server, const Context& context, MovieCache& movies) {
  using http::Request;
  using store::Teacher;
  const auto route = [&](const char* method, const char* pattern, auto handler) {
    server.route(
        method, pattern,
        for_teacher(context.store, [context, handler](const Request& request, const Teacher& teacher) {
          return handler(context, request, teacher);
        }));
  };
  route("POST", "/api/lessons/{lesson}/clips", create_clip);
  route("PATCH", "/api/lessons/{lesson}/clips/{clip}", change_clip);
  route("DELETE", "/api/lessons/{lesson}/clips/{clip}", delete_clip);
  route("GET", "/api/lessons/{lesson}/clips/{clip}/check", clip_check);
  route("GET", "/api/lessons/{lesson}/clips/{clip}/media/{file}",
        [&movies](const Context& used, const Request& request, const Teacher& teacher) {
          return clip_movie(used, movies, request, teacher);
        });
}

}  // namespace shilu::portal

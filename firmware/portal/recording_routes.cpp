#include "firmware/portal/recording_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/recorder/mark_inbox.h"
#include "firmware/base/ids.h"
#include "firmware/base/log.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/lesson_index.h"
#include "firmware/portal/lesson_json.h"
#include "firmware/portal/preflight.h"
#include "firmware/portal/recording_answers.h"
#include "firmware/portal/subject_salt.h"

namespace shilu::portal {
namespace {

constexpr std::size_t kMaxText = 200;  // bytes of subject, class and topic
constexpr std::int64_t kMaxPlanned_ms = 6 * 3'600'000;
constexpr std::int64_t kMaxTapDelay_ms = 3'600'000;  // a page that was offline for an hour

Result<std::string> short_text(const Json& body, std::string_view key) {
  std::string text = json_string_or(body, key, "");
  if (text.size() <= kMaxText) return text;
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" may have at most {} bytes", key, kMaxText));
}

class RecordingRoutes {
 public:
  RecordingRoutes(const Context& context, RecorderLink& link, Bytes salt, NonceSource nonce)
      : context_(context), link_(link), salt_(std::move(salt)), nonce_(std::move(nonce)) {}

  Result<http::Response> start(const http::Request& request, const store::Teacher& teacher) const {
    SHILU_TRY(const Json body, body_object(request));
    store::Lesson lesson;
    SHILU_TRY(lesson.subject, short_text(body, "subject"));
    SHILU_TRY(lesson.class_name, short_text(body, "class_name"));
    SHILU_TRY(lesson.topic, short_text(body, "topic"));
    recorder::StartRequest start;
    if (body.contains("planned_ms") && !body["planned_ms"].is_null()) {
      SHILU_TRY(const std::int64_t planned, json_int(body, "planned_ms"));
      start.planned_ms = std::clamp<std::int64_t>(planned, 0, kMaxPlanned_ms);
    }
    start.subject = subject_hash(salt_, teacher.id);
    start.platform_nonce = nonce_();
    const auto started = context_.recorder.start(start);
    if (!started) return refusal("start", started.error());
    lesson.id = started->id;
    lesson.teacher_id = teacher.id;
    lesson.directory = started->directory;
    lesson.started_utc_ms = context_.clock.wall().ns / 1'000'000;
    // It is being recorded, whatever becomes of its row: RecorderLink finds it again by its journal.
    if (const auto put = context_.store.put_lesson(lesson); !put)
      log_warning("index: lesson={} {}", lesson.id, put.error().message);
    link_.publish();
    return http::json(201, {{"lesson_id", lesson.id}});
  }

  // With `for_now=1` it may be continued for 30 s.
  Result<http::Response> stop(const http::Request& request, const store::Teacher& teacher) const {
    if (auto stranger = refuse_stranger(context_, link_.running(), teacher)) return std::move(*stranger);
    const bool for_now = request.query_or("for_now", "") == "1";
    const auto stopped = for_now ? context_.recorder.stop_for_now() : context_.recorder.stop();
    if (!stopped) return refusal("stop", stopped.error());
    SHILU_CHECK(refresh_index(context_, stopped->id));
    return http::json(200, {{"lesson_id", stopped->id}, {"duration_ms", stopped->duration_ms}});
  }

  Result<http::Response> mark(const http::Request& request, const store::Teacher& teacher) const {
    const auto running = link_.running();
    const bool away = !running && is_away(running.error());  // the mark waits for it
    if (!away) {
      if (auto stranger = refuse_stranger(context_, running, teacher)) return std::move(*stranger);
    }
    SHILU_TRY(const Json body, body_object(request));
    SHILU_TRY(const recorder::MarkRequest wanted, read_mark(body));
    if (wanted.point && context_.catalogue.find(*wanted.point) == nullptr) {
      return http::problem(400, "unknown-point", context_.catalogue.require(*wanted.point).error().message);
    }
    if (away) return put_aside(wanted, teacher);
    const auto mark = context_.recorder.mark(wanted);
    if (!mark && is_away(mark.error())) return put_aside(wanted, teacher);
    if (!mark) return refusal("mark", mark.error());
    tell_marks(teacher);
    return http::json(mark->is_new ? 201 : 200, {{"id", mark->id},
                                                 {"point", mark->point ? Json(*mark->point) : Json(nullptr)},
                                                 {"at_ms", mark->at_ms},
                                                 {"from_ms", mark->from_ms},
                                                 {"to_ms", mark->to_ms},
                                                 {"undone", mark->undone}});
  }

  Result<http::Response> undo(const http::Request& request, const store::Teacher& teacher) const {
    if (auto stranger = refuse_stranger(context_, link_.running(), teacher)) return std::move(*stranger);
    const auto undone = context_.recorder.undo_mark(std::string(request.parameter("mark")));
    if (!undone) return refusal("mark-undo", undone.error());
    tell_marks(teacher);
    return http::no_content();
  }

 private:
  Result<recorder::MarkRequest> read_mark(const Json& body) const {
    recorder::MarkRequest mark;
    SHILU_TRY(mark.id, json_string(body, "id"));
    if (!is_uuid(mark.id)) return fail(ErrorKind::kInvalidArgument, "\"id\" must be a UUID");
    if (body.contains("point") && !body["point"].is_null()) {
      SHILU_TRY(mark.point, json_string(body, "point"));
    }
    const std::int64_t ago_ms =
        std::clamp<std::int64_t>(json_int_or(body, "tapped_ago_ms", 0), 0, kMaxTapDelay_ms);
    mark.pressed = {context_.clock.monotonic().ns - ago_ms * 1'000'000};
    mark.look_back = look(body, "look_back_ms");
    mark.look_ahead = look(body, "look_ahead_ms");
    return mark;
  }

  static Nanoseconds look(const Json& body, std::string_view key) {
    constexpr std::int64_t kDefault_ms = kDefaultLook / std::chrono::milliseconds(1);
    constexpr std::int64_t kMax_ms = kMaxLook / std::chrono::milliseconds(1);
    return std::chrono::milliseconds(
        std::clamp<std::int64_t>(json_int_or(body, key, kDefault_ms), 0, kMax_ms));
  }

  // While the recorder is away a mark goes into the lesson's inbox, durable, and the recorder takes it from
  // there.
  Result<http::Response> put_aside(const recorder::MarkRequest& wanted, const store::Teacher& teacher) const {
    const auto lesson = link_.last_lesson();
    if (!lesson) return refusal("mark", Error{ErrorKind::kUnavailable, "No lesson is known to be running."});
    recorder::LessonStatus last;
    last.id = lesson->id;
    if (auto stranger = refuse_stranger(context_, last, teacher)) return std::move(*stranger);
    if (lesson->away)
      return refusal("mark", Error{ErrorKind::kPermissionDenied, "Nothing is being recorded now."});
    SHILU_CHECK(recorder::put_into_inbox(context_.lessons.path_of(lesson->id), wanted, context_.clock));
    Mark mark;
    mark.at = std::max(LessonTime{0}, lesson->now - (context_.clock.monotonic() - wanted.pressed));
    mark.look_back = wanted.look_back;
    mark.look_ahead = wanted.look_ahead;
    const auto range = mark.range(kOpenEnd);
    return http::json(201, {{"id", wanted.id},
                            {"point", wanted.point ? Json(*wanted.point) : Json(nullptr)},
                            {"at_ms", mark.at.ms()},
                            {"from_ms", range.from.ms()},
                            {"to_ms", range.to.ms()},
                            {"undone", false}});
  }

  // The teacher's other pages (board and phone) show the same list.
  void tell_marks(const store::Teacher& teacher) const {
    const auto status = link_.status();
    if (!status || !status->lesson) return;
    const auto marks = context_.lessons.with<Json>(
        status->lesson->id, [](journal::LessonFolder& folder) { return Result<Json>(marks_json(folder)); });
    if (marks) context_.events.publish_to(teacher.id, "marks", *marks);
  }

  const Context context_;
  RecorderLink& link_;
  const Bytes salt_;
  const NonceSource nonce_;
};

}  // namespace

void add_recording_routes(http::Server& server, const Context& context, RecorderLink& link,
                          const Bytes& subject_salt, NonceSource nonce) {
  const auto routes = std::make_shared<RecordingRoutes>(context, link, subject_salt, std::move(nonce));
  const auto route = [&](const char* method, const char* pattern, auto member) {
    server.route(method, pattern,
                 for_teacher(context.store,
                             [routes, member](const http::Request& request, const store::Teacher& teacher) {
                               return ((*routes).*member)(request, teacher);
                             }));
  };
  route("POST", "/api/recording", &RecordingRoutes::start);
  route("DELETE", "/api/recording", &RecordingRoutes::stop);
  route("POST", "/api/recording/marks", &RecordingRoutes::mark);
  route("DELETE", "/api/recording/marks/{mark}", &RecordingRoutes::undo);
}

void add_live_routes(http::Server& server, const Context& context, RecorderLink& link, Preview& preview) {
  server.route("GET", "/api/preflight", [context, &link](const http::Request&) {
    return http::json(200, preflight_json(context.outbox, link.status()));
  });
  server.route("GET", "/api/state", [&link](const http::Request&) { return http::json(200, link.state()); });
  server.route("GET", "/api/events", [context](const http::Request& request) {
    const auto teacher = signed_in(context.store, request);
    const bool known = teacher && *teacher;
    if (!known && !context.events.has_room_for_anonymous())
      return http::problem(503, "unavailable", "Too many are listening. Sign in to be among them.");
    const Listening who = known ? Listening{(*teacher)->id, token_of(request)} : Listening{};
    http::Response response;
    response.content_type = "text/event-stream";
    response.body = http::EventStream{
        [context, who](std::shared_ptr<http::EventSink> sink) { context.events.add(std::move(sink), who); }};
    return response;
  });
  http::WebSocketHandlers viewers;
  viewers.admit = [context, &link](const http::Request& request) -> std::optional<http::Response> {
    auto admitted = admit_teacher(context.store, request);
    if (auto* refusal = std::get_if<http::Response>(&admitted)) return std::move(*refusal);
    // While the recorder is away the preview itself knows whose lesson it was.
    const auto status = link.status();
    if (!status || !refuse_stranger(context, status->lesson, std::get<store::Teacher>(admitted))) return {};
    return http::problem(403, "not-yours", "Another teacher's lesson is being recorded.");
  };
  viewers.on_open = [context, &preview](const http::Request& request,
                                        std::shared_ptr<http::WebSocket> socket) {
    const auto teacher = signed_in(context.store, request);
    if (!teacher || !*teacher) return socket->close();
    preview.add(std::string(request.parameter("track")), {(*teacher)->id, token_of(request)},
                std::move(socket));
  };
  viewers.on_close = [&preview](std::shared_ptr<http::WebSocket> socket) { preview.remove(socket); };
  server.websocket("/api/preview/{track}", std::move(viewers));
}

}  // namespace shilu::portal

#include "firmware/portal/submission_routes.h"

#include <algorithm>

#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/owned.h"
#include "firmware/portal/submission_check.h"
#include "firmware/portal/submission_json.h"
#include "firmware/portal/upload_json.h"
#include "upload/evidence/annotations.h"

namespace shilu::portal {
namespace {

Result<store::Submission> own_submission(store::DeviceStore& store, const store::Teacher& teacher,
                                         const http::Request& request) {
  auto submission = store.submission(request.parameter("submission"));
  if (submission && submission->teacher_id == teacher.id) return submission;
  if (!submission && submission.error().kind != ErrorKind::kNotFound) return submission;
  return fail(ErrorKind::kNotFound, "There is no such submission.");
}

// "notes":[{"at_ms","to_ms","text"}], in lesson time inside the clip.
Result<Json> clip_notes(const Json& body, const store::Clip& clip) {
  const Json notes = body.value("notes", Json::array());
  if (!notes.is_array()) return fail(ErrorKind::kInvalidArgument, "\"notes\" must be a list");
  Json taken = Json::array();
  for (const Json& note : notes) {
    SHILU_TRY(const std::int64_t at, json_int(note, "at_ms"));
    if (!is_lesson_ms(at)) return fail(ErrorKind::kInvalidArgument, "A note must lie inside its clip.");
    const std::int64_t to = json_int_or(note, "to_ms", at + 1);
    SHILU_TRY(const std::string text, json_string(note, "text"));
    if (at < clip.from_ms || to <= at || to > clip.to_ms)
      return fail(ErrorKind::kInvalidArgument, "A note must lie inside its clip.");
    if (text.empty() || text.size() > evidence::kMaxNoteBytes)
      return fail(ErrorKind::kInvalidArgument, "A note must have some words, and not a whole paper of them.");
    taken.push_back({{"at_ms", at}, {"text", text}});
    if (note.contains("to_ms")) taken.back()["to_ms"] = to;
  }
  if (taken.size() > evidence::kMaxNotes)
    return fail(ErrorKind::kInvalidArgument, "There are too many notes.");
  return taken;
}

// What the teacher filled in: all the values of "fields" must be texts, for they go into a form; the notes
// lie beside them under a name that no form has.
Result<std::string> filled_in(const Json& body, const store::Clip& clip) {
  const Json fields = body.value("fields", Json::object());
  const bool fine = fields.is_object() && std::all_of(fields.begin(), fields.end(),
                                                      [](const Json& value) { return value.is_string(); });
  if (!fine) return fail(ErrorKind::kInvalidArgument, "\"fields\" must be an object of texts");
  Json filled = fields;
  SHILU_TRY(Json notes, clip_notes(body, clip));
  if (!notes.empty()) filled[kNotesField] = std::move(notes);
  return canonical_json(filled);
}

// Evidence first; who hands in a whole lesson has time until the night.
std::int64_t priority_of(const store::Lesson& lesson, const store::Clip& clip) {
  const bool is_whole = clip.from_ms <= 0 && clip.to_ms >= lesson.duration_ms;
  return is_whole ? store::kWholeLessonPriority : store::kEvidencePriority;
}

Result<http::Response> submit(const Context& context, Packer& packer, const http::Request& request,
                              const store::Teacher& teacher) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string lesson_id, json_string(body, "lesson"));
  SHILU_TRY(const std::string clip_id, json_string(body, "clip"));
  SHILU_TRY(const store::Lesson lesson, own_lesson(context.store, teacher, lesson_id));
  SHILU_TRY(const store::Clip clip, context.store.clip(clip_id));
  if (clip.lesson_id != lesson.id) return fail(ErrorKind::kNotFound, "There is no such clip.");
  SHILU_TRY(const SubmissionCheck check, check_submission(context, clip));
  if (!check.can_submit()) {
    http::Response refusal =
        http::problem(422, "not-complete", "Something that the ability point asks for is missing.");
    Json document = parse_json(std::get<std::string>(refusal.body)).value_or(Json::object());
    document.update(check.to_json());
    refusal.body = canonical_json(document);
    return refusal;
  }
  SHILU_TRY(const std::string fields, filled_in(body, clip));
  SHILU_TRY(const store::Submission created,
            context.store.create_submission({lesson.id, clip.id, teacher.id, clip.point,
                                             context.settings.programme, fields, priority_of(lesson, clip)}));
  packer.wake();
  return http::json(202, submission_json(context, created));
}

Result<http::Response> list(const Context& context, const store::Teacher& teacher) {
  SHILU_TRY(const auto submissions, context.store.submissions_of(teacher.id));
  Json items = Json::array();
  for (const store::Submission& submission : submissions)
    items.push_back(submission_json(context, submission));
  return http::json(200, {{"submissions", std::move(items)}});
}

Result<http::Response> show(const Context& context, const http::Request& request,
                            const store::Teacher& teacher) {
  SHILU_TRY(const store::Submission submission, own_submission(context.store, teacher, request));
  return http::json(200, submission_json(context, submission));
}

Result<http::Response> act(const Context& context, Packer& packer, const http::Request& request,
                           const store::Teacher& teacher) {
  SHILU_TRY(const store::Submission submission, own_submission(context.store, teacher, request));
  SHILU_CHECK(steer_submission(context, submission.id, request.parameter("action")));
  packer.wake();
  if (context.outbox != nullptr) context.outbox->wake();
  SHILU_TRY(const store::Submission now, context.store.submission(submission.id));
  return http::json(200, submission_json(context, now));
}

}  // namespace

void add_upload_routes(http::Server& server, const Context& context) {
  using http::Request;
  using store::Teacher;
  server.route(
      "GET", "/api/upload",
      for_teacher(context.store, [context](const Request&, const Teacher&) -> Result<http::Response> {
        return http::json(200, upload_json(context));
      }));
  server.route(
      "PUT", "/api/upload",
      for_teacher(context.store, [context](const Request& request, const Teacher&) -> Result<http::Response> {
        SHILU_TRY(const Json body, body_object(request));
        SHILU_TRY(const std::string limit, json_string(body, "limit"));
        SHILU_CHECK(set_limit(context, limit));
        return http::json(200, upload_json(context));
      }));
}

void add_submission_routes(http::Server& server, const Context& context, Packer& packer) {
  using http::Request;
  using store::Teacher;
  server.route("POST", "/api/submissions",
               for_teacher(context.store, [context, &packer](const Request& request, const Teacher& teacher) {
                 return submit(context, packer, request, teacher);
               }));
  server.route("GET", "/api/submissions",
               for_teacher(context.store, [context](const Request&, const Teacher& teacher) {
                 return list(context, teacher);
               }));
  server.route("GET", "/api/submissions/{submission}",
               for_teacher(context.store, [context](const Request& request, const Teacher& teacher) {
                 return show(context, request, teacher);
               }));
  server.route("POST", "/api/submissions/{submission}/{action}",
               for_teacher(context.store, [context, &packer](const Request& request, const Teacher& teacher) {
                 return act(context, packer, request, teacher);
               }));
}

}  // namespace shilu::portal

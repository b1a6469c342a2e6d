#include "firmware/portal/submission_routes.h"

#include <algorithm>

#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/owned.h"
#include "firmware/portal/submission_check.h"
#include "firmware/portal/submission_json.h"

namespace shilu::portal {
namespace {

Result<store::Submission> own_submission(store::DeviceStore& store, const store::Teacher& teacher,
                                         const http::Request& request) {
  auto submission = store.submission(request.parameter("submission"));
  if (submission && submission->teacher_id == teacher.id) return submission;
  if (!submission && submission.error().kind != ErrorKind::kNotFound) return submission;
  return fail(ErrorKind::kNotFound, "There is no such submission.");
}

// All the values of "fields" must be texts: they go into a form.
Result<std::string> fields_text(const Json& body) {
  const Json fields = body.value("fields", Json::object());
  const bool fine = fields.is_object() && std::all_of(fields.begin(), fields.end(),
                                                      [](const Json& value) { return value.is_string(); });
  if (!fine) return fail(ErrorKind::kInvalidArgument, "\"fields\" must be an object of texts");
  return canonical_json(fields);
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
  SHILU_TRY(const std::string fields, fields_text(body));
  SHILU_TRY(const store::Submission created,
            context.store.create_submission(
                {lesson.id, clip.id, teacher.id, clip.point, context.settings.programme, fields}));
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

Status steer(store::DeviceStore& store, const std::string& id, std::string_view action) {
  if (action == "pause") return store.pause_submission(id);
  if (action == "resume") return store.resume_submission(id);
  if (action == "send-now") return store.send_now(id);
  if (action == "withdraw") return store.withdraw_submission(id);
  return fail(ErrorKind::kNotFound, "There is no such action.");
}

Result<http::Response> act(const Context& context, Packer& packer, const http::Request& request,
                           const store::Teacher& teacher) {
  SHILU_TRY(const store::Submission submission, own_submission(context.store, teacher, request));
  SHILU_CHECK(steer(context.store, submission.id, request.parameter("action")));
  packer.wake();
  if (context.outbox != nullptr) context.outbox->wake();
  SHILU_TRY(const store::Submission now, context.store.submission(submission.id));
  return http::json(200, submission_json(context, now));
}

}  // namespace

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

#include "firmware/portal/moment_routes.h"

#include <algorithm>

#include "firmware/base/json_io.h"
#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"
#include "firmware/portal/lesson_index.h"
#include "firmware/portal/owned.h"
#include "firmware/portal/package_keeper.h"
#include "firmware/portal/recording_answers.h"
#include "firmware/portal/subject_salt.h"
#include "upload/sender/package_files.h"

namespace shilu::portal {
namespace {

constexpr Nanoseconds kArmedFor = std::chrono::seconds(30);
constexpr std::int64_t kFragment_ms = 4000;  // the longest, and one that leans on it

class MomentRoutes {
 public:
  MomentRoutes(const Context& context, RecorderLink& link, Bytes salt)
      : context_(context), link_(link), salt_(std::move(salt)) {}

  Result<http::Response> pause(const http::Request&, const store::Teacher& teacher) const {
    return tell("pause", teacher, [&] { return context_.recorder.begin_private(); });
  }

  // After a private moment, and after a stop that may be taken back.
  Result<http::Response> resume(const http::Request&, const store::Teacher& teacher) const {
    return tell("resume", teacher, [&] { return context_.recorder.go_on(); });
  }

  Result<http::Response> extend(const http::Request& request, const store::Teacher& teacher) const {
    if (auto stranger = refuse_stranger(context_, link_.running(), teacher)) return std::move(*stranger);
    SHILU_TRY(const Json body, body_object(request));
    SHILU_TRY(const std::int64_t by_ms, json_int(body, "by_ms"));
    if (!is_lesson_ms(by_ms)) return bad_range();
    const auto planned = context_.recorder.extend(std::chrono::milliseconds(by_ms));
    if (!planned) return refusal("extend", planned.error());
    return http::json(200, {{"planned_ms", *planned}});
  }

  Result<http::Response> delete_last(const http::Request& request, const store::Teacher& teacher) const {
    SHILU_TRY(const Json body, body_object(request));
    recorder::RedactRequest redact;
    SHILU_TRY(const std::int64_t last_ms, json_int(body, "last_ms"));
    if (!is_lesson_ms(last_ms)) return bad_range();
    redact.last = std::chrono::milliseconds(last_ms);
    redact.subject = subject_hash(salt_, teacher.id);
    const auto running = link_.running();
    if (auto stranger = refuse_stranger(context_, running, teacher)) return std::move(*stranger);
    if (*running) {
      const auto now_ms = (*running)->elapsed_ms;
      SHILU_TRY(auto refused, make_ready((*running)->id, now_ms - last_ms, now_ms));
      if (refused) return std::move(*refused);
    }
    const auto done = context_.recorder.redact(redact);
    if (!done) return refusal("redact", done.error());
    return http::no_content();
  }

  // Of any lesson of the teacher's own, while it is a draft.
  Result<http::Response> delete_range(const http::Request& request, const store::Teacher& teacher) const {
    SHILU_TRY(const store::Lesson lesson, own_lesson(context_.store, teacher, request));
    SHILU_TRY(const Json body, body_object(request));
    recorder::RedactRequest redact;
    redact.lesson_id = lesson.id;
    SHILU_TRY(const std::int64_t from_ms, json_int(body, "from_ms"));
    SHILU_TRY(const std::int64_t to_ms, json_int(body, "to_ms"));
    if (!is_lesson_ms(from_ms) || !is_lesson_ms(to_ms)) return bad_range();
    redact.range = {LessonTime::from_ms(from_ms), LessonTime::from_ms(to_ms)};
    redact.subject = subject_hash(salt_, teacher.id);
    SHILU_TRY(auto refused, make_ready(lesson.id, from_ms, to_ms));
    if (refused) return std::move(*refused);
    const auto done = context_.recorder.redact(redact);
    if (!done) return refusal("redact", done.error());
    SHILU_CHECK(refresh_index(context_, lesson.id));
    return http::no_content();
  }

  // A page that shows the start card says so every 10 s: the last 30 s are kept in memory meanwhile.
  Result<http::Response> arm(const http::Request&, const store::Teacher&) const {
    const auto armed = context_.recorder.arm(kArmedFor);
    if (!armed) return refusal("arm", armed.error());
    return http::no_content();
  }
  Result<http::Response> disarm(const http::Request&, const store::Teacher&) const {
    const auto done = context_.recorder.disarm();
    if (!done) return refusal("disarm", done.error());
    return http::no_content();
  }

 private:
  template <typename Ask>
  Result<http::Response> tell(std::string_view operation, const store::Teacher& teacher, Ask ask) const {
    if (auto stranger = refuse_stranger(context_, link_.running(), teacher)) return std::move(*stranger);
    const Status done = ask();
    if (!done) return refusal(operation, done.error());
    return http::no_content();
  }

  static http::Response was_submitted() {
    return http::problem(
        409, "submitted",
        "A clip of this time has been submitted. Withdraw the submission before deleting it.");
  }

  // Before a deletion; -> the refusal, if a submission stands against it. Packages of those that do not are
  // taken away: the film is in them too.
  Result<std::optional<http::Response>> make_ready(const std::string& lesson_id, std::int64_t from_ms,
                                                   std::int64_t to_ms) const {
    SHILU_TRY(const auto touching, submissions_of(lesson_id, from_ms, to_ms));
    if (std::any_of(touching.begin(), touching.end(), store::is_alive)) return std::optional(was_submitted());
    for (const store::Submission& dead : touching)
      SHILU_CHECK(sender::remove_package_files(package_file(context_, dead.id)));
    return std::optional<http::Response>();
  }

  // Whole fragments go, so what lies within a fragment's length of a clip touches it too.
  Result<std::vector<store::Submission>> submissions_of(const std::string& lesson_id, std::int64_t from_ms,
                                                        std::int64_t to_ms) const {
    SHILU_TRY(auto submissions, context_.store.submissions());
    std::vector<store::Submission> touching;
    for (store::Submission& submission : submissions) {
      if (submission.lesson_id != lesson_id) continue;
      SHILU_TRY(const store::Clip clip, context_.store.clip(submission.clip_id));
      if (from_ms < clip.to_ms + kFragment_ms && to_ms > clip.from_ms - kFragment_ms)
        touching.push_back(std::move(submission));
    }
    return touching;
  }

  const Context context_;
  RecorderLink& link_;
  const Bytes salt_;
};

}  // namespace

void add_moment_routes(http::Server& server, const Context& context, RecorderLink& link,
                       const Bytes& subject_salt) {
  const auto routes = std::make_shared<MomentRoutes>(context, link, subject_salt);
  const auto route = [&](const char* method, const char* pattern, auto member) {
    server.route(method, pattern,
                 for_teacher(context.store,
                             [routes, member](const http::Request& request, const store::Teacher& teacher) {
                               return ((*routes).*member)(request, teacher);
                             }));
  };
  route("POST", "/api/recording/pause", &MomentRoutes::pause);
  route("POST", "/api/recording/resume", &MomentRoutes::resume);
  route("POST", "/api/recording/extend", &MomentRoutes::extend);
  route("POST", "/api/recording/delete-last", &MomentRoutes::delete_last);
  route("POST", "/api/lessons/{lesson}/deletions", &MomentRoutes::delete_range);
  route("PUT", "/api/armed", &MomentRoutes::arm);
  route("DELETE", "/api/armed", &MomentRoutes::disarm);
}

}  // namespace shilu::portal

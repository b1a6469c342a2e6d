#include "firmware/portal/session_routes.h"

#include <fmt/format.h>

#include "firmware/portal/answers.h"
#include "firmware/portal/gate.h"

namespace shilu::portal {
namespace {

Json teacher_json(const store::Teacher& teacher) {
  return {{"id", teacher.id}, {"name", teacher.display_name}};
}

std::string session_cookie(std::string_view token, std::int64_t seconds) {
  return fmt::format("shilu_session={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", token, seconds);
}

http::Response refused(const store::SignIn& sign_in) {
  const std::int64_t wait_s = (sign_in.wait_ms + 999) / 1000;
  http::Response response =
      sign_in.outcome == store::SignIn::Outcome::kWait
          ? http::problem(429, "wait", fmt::format("Too many wrong PINs. Try again in {} seconds.", wait_s))
          : http::problem(403, "wrong-pin", "This PIN is not right.");
  if (wait_s > 0) response.headers.emplace_back("Retry-After", std::to_string(wait_s));
  return response;
}

Result<http::Response> sign_in(const Context& context, const SessionHooks& hooks,
                               const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string id, json_string(body, "teacher"));
  SHILU_TRY(const std::string pin, json_string(body, "pin"));
  SHILU_TRY(const store::SignIn result, context.store.sign_in(id, pin));
  hooks.on_sign_in(id, result);
  if (result.outcome != store::SignIn::Outcome::kSignedIn) return refused(result);
  SHILU_TRY(const store::Teacher teacher, context.store.teacher(id));
  const std::int64_t lifetime_s = (result.session.expires_utc_ms - result.session.created_utc_ms) / 1000;
  return http::json(200, {{"token", result.token},
                          {"teacher", teacher_json(teacher)},
                          {"expires_utc", utc_text(result.session.expires_utc_ms)}})
      .with_header("Set-Cookie", session_cookie(result.token, lifetime_s));
}

Result<http::Response> sign_out(const Context& context, const SessionHooks& hooks,
                                const http::Request& request) {
  SHILU_CHECK(context.store.sign_out(token_of(request)));
  hooks.on_sign_out();
  // What was kept in memory before a lesson goes with the teacher. A recorder that is away keeps nothing.
  static_cast<void>(context.recorder.disarm());
  return http::no_content().with_header("Set-Cookie", session_cookie("", 0));
}

Result<http::Response> list_teachers(const Context& context) {
  SHILU_TRY(const auto teachers, context.store.teachers());
  Json list = Json::array();
  for (const store::Teacher& teacher : teachers) list.push_back(teacher_json(teacher));
  return http::json(200, {{"teachers", std::move(list)}});
}

}  // namespace

void add_session_routes(http::Server& server, const Context& context, const SessionHooks& hooks) {
  server.route("GET", "/api/teachers",
               [context](const http::Request&) { return answer(list_teachers(context)); });
  server.route("POST", "/api/session", [context, hooks](const http::Request& request) {
    return answer(sign_in(context, hooks, request));
  });
  server.route("GET", "/api/session",
               for_teacher(context.store, [](const http::Request&, const store::Teacher& teacher) {
                 return Result<http::Response>(http::json(200, {{"teacher", teacher_json(teacher)}}));
               }));
  server.route(
      "DELETE", "/api/session",
      for_teacher(context.store, [context, hooks](const http::Request& request, const store::Teacher&) {
        return sign_out(context, hooks, request);
      }));
}

}  // namespace shilu::portal

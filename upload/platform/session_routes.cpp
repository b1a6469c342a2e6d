#include "upload/platform/session_routes.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"
#include "upload/platform/answers.h"
#include "upload/platform/gate.h"

namespace shilu::platform {
namespace {

Json assessor_json(const Assessor& assessor) {
  return {{"id", assessor.id}, {"name", assessor.name}};
}

std::string session_cookie(std::string_view token, std::int64_t seconds) {
  return fmt::format("shilu_platform_session={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", token,
                     seconds);
}

http::Response refused(const SignIn& sign_in) {
  if (sign_in.outcome != SignIn::Outcome::kWait)
    return http::problem(403, "wrong-pin", "This name or this PIN is not right.");
  const std::int64_t wait_s = (sign_in.wait_ms + 999) / 1000;
  return http::problem(429, "wait", fmt::format("Too many wrong PINs. Try again in {} seconds.", wait_s))
      .with_header("Retry-After", std::to_string(wait_s));
}

Result<http::Response> sign_in(const Context& context, const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string id, json_string(body, "assessor"));
  SHILU_TRY(const std::string pin, json_string(body, "pin"));
  // Before the PIN's slow hash: it is one at a time for everybody.
  if (const auto wait = context.sign_ins.wait_of(request.peer); wait.count() > 0)
    return refused({SignIn::Outcome::kWait, "", std::chrono::milliseconds(wait).count()});
  SHILU_TRY(const SignIn result, context.store.sign_in(id, pin, request.peer));
  if (result.outcome == SignIn::Outcome::kWrongPin) context.sign_ins.count_wrong(request.peer);
  if (result.outcome != SignIn::Outcome::kSignedIn) return refused(result);
  SHILU_TRY(const auto assessor, context.store.assessor(id));
  if (!assessor) return refused(SignIn{});
  return http::json(200, {{"token", result.token}, {"assessor", assessor_json(*assessor)}})
      .with_header("Set-Cookie", session_cookie(result.token, kSession_ms / 1000))
      .with_header("Cache-Control", "no-store");
}

Result<http::Response> sign_out(const Context& context, const http::Request& request) {
  SHILU_CHECK(context.store.sign_out(token_of(request)));
  return http::no_content().with_header("Set-Cookie", session_cookie("", 0));
}

}  // namespace

void add_session_routes(http::Server& server, const Context& context) {
  server.route("POST", "/api/v1/session",
               [context](const http::Request& request) { return answer(sign_in(context, request)); });
  server.route("GET", "/api/v1/session",
               for_assessor(context.store, [](const http::Request&, const Assessor& assessor) {
                 return Result<http::Response>(http::json(200, {{"assessor", assessor_json(assessor)}}));
               }));
  server.route("DELETE", "/api/v1/session",
               for_assessor(context.store, [context](const http::Request& request, const Assessor&) {
                 return sign_out(context, request);
               }));
}

}  // namespace shilu::platform

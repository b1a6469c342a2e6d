#include "firmware/portal/gate.h"

#include "firmware/portal/answers.h"

namespace shilu::portal {
namespace {

constexpr std::string_view kBearer = "Bearer ";

// A browser sends cookies by itself, also for a form on another site; the extra header it sends only for our
// pages.
bool could_be_forged(const http::Request& request) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  return changes && request.header("authorization").empty() && request.header("x-shilu-request").empty();
}

}  // namespace

std::string token_of(const http::Request& request) {
  const std::string_view authorization = request.header("authorization");
  if (authorization.starts_with(kBearer)) return std::string(authorization.substr(kBearer.size()));
  return request.cookie("shilu_session");
}

Result<std::optional<store::Teacher>> signed_in(store::DeviceStore& store, const http::Request& request) {
  const std::string token = token_of(request);
  if (token.empty()) return std::optional<store::Teacher>();
  SHILU_TRY(const auto session, store.session(token));
  if (!session) return std::optional<store::Teacher>();
  SHILU_TRY(store::Teacher teacher, store.teacher(session->teacher_id));
  return std::optional(std::move(teacher));
}

std::variant<store::Teacher, http::Response> admit_teacher(store::DeviceStore& store,
                                                           const http::Request& request) {
  auto teacher = signed_in(store, request);
  if (!teacher) return http::problem(teacher.error());
  if (!*teacher) return http::problem(401, "sign-in-needed", "Please sign in.");
  if (could_be_forged(request)) {
    return http::problem(403, "cross-site", "This request did not come from the appliance's own page.");
  }
  return std::move(**teacher);
}

http::Handler for_teacher(store::DeviceStore& store, TeacherHandler handler) {
  return [&store, handler = std::move(handler)](const http::Request& request) {
    auto admitted = admit_teacher(store, request);
    if (auto* refusal = std::get_if<http::Response>(&admitted)) return std::move(*refusal);
    return answer(handler(request, std::get<store::Teacher>(admitted)));
  };
}

}  // namespace shilu::portal

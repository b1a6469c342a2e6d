#include "firmware/portal/recording_answers.h"

#include "firmware/portal/answers.h"
#include "firmware/portal/lesson_index.h"

namespace shilu::portal {
namespace {

int status_of(std::string_view code, const Error& error) {
  if (code == "already-recording" || code == "not-recording" || code == "private" ||
      code == "nothing-to-continue") {
    return 409;
  }
  if (code == "nothing-there") return 404;
  if (code == "no-picture-source") return 503;
  if (code == "no-space") return 507;
  return http::problem(error).status;
}

http::Response recorder_away(const Error& error) {
  return http::problem(503, "recorder-away",
                       "The recorder does not answer; it is being restarted. " + error.message);
}

}  // namespace

bool is_away(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kNotFound;
}

http::Response refusal(std::string_view operation, const Error& error) {
  const std::string_view code = recorder::control_code(operation, error.kind);
  if (is_away(error) && code != "no-picture-source" && code != "nothing-there") return recorder_away(error);
  return http::problem(status_of(code, error), code, error.message);
}

std::optional<http::Response> refuse_stranger(const Context& context, const Running& running,
                                              const store::Teacher& teacher) {
  if (!running) return recorder_away(running.error());
  if (!*running) return std::nullopt;  // the recorder will say so itself
  const auto owner = owner_of(context, (*running)->id);
  if (!owner) return http::problem(503, "unavailable", owner.error().message);
  if (!*owner || **owner == teacher.id) return std::nullopt;
  return http::problem(409, "not-yours", "Another teacher's lesson is being recorded.");
}

}  // namespace shilu::portal

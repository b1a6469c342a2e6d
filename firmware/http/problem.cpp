// RFC 9457 problem details.

#include "firmware/base/json_io.h"
#include "firmware/http/response.h"
#include "firmware/http/status.h"

namespace shilu::http {
namespace {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kAlreadyExists:
      return 409;
    case ErrorKind::kFailedPrecondition:
      return 409;
    case ErrorKind::kPermissionDenied:
      return 403;
    case ErrorKind::kStorageFull:
      return 507;
    case ErrorKind::kCorrupted:
      return 422;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kTimedOut:
      return 504;
    case ErrorKind::kCancelled:
      return 503;
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

Response problem(const Error& error) {
  return problem(status_of(error.kind), to_string(error.kind), error.message);
}

Response problem(int status, std::string_view code, std::string_view detail) {
  Response response = json(status, Json{{"type", "about:blank"},
                                        {"title", reason_phrase(status)},
                                        {"status", status},
                                        {"code", code},
                                        {"detail", detail}});
  response.content_type = "application/problem+json";
  return response;
}

}  // namespace shilu::http

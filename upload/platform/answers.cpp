#include "upload/platform/answers.h"

#include "firmware/base/clock.h"
#include "firmware/base/json_io.h"

namespace shilu::platform {

Result<Json> body_object(const http::Request& request) {
  SHILU_TRY(Json json, parse_json(request.body));
  if (!json.is_object()) return fail(ErrorKind::kInvalidArgument, "The body must be a JSON object.");
  return json;
}

std::string utc_text(std::int64_t utc_ms) {
  return to_rfc3339(WallTime{utc_ms * 1'000'000});
}

Json stored_json(std::string_view text) {
  return parse_json(text).value_or(Json(nullptr));
}

}  // namespace shilu::platform

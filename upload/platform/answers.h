#pragma once
// The platform's small vocabulary of reading requests and of writing answers.

#include <cstdint>
#include <string>

#include "firmware/base/json.h"
#include "firmware/base/result.h"
#include "firmware/http/request.h"

namespace shilu::platform {

// The body as a JSON object; kInvalidArgument else.
Result<Json> body_object(const http::Request& request);

// "2026-…Z" of milliseconds since 1970.
std::string utc_text(std::int64_t utc_ms);

// JSON of our own making that comes back from the store; null where it is none.
Json stored_json(std::string_view text);

}  // namespace shilu::platform

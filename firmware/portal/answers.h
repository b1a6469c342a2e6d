#pragma once
// The portal's small vocabulary of answers and of reading requests.

#include <optional>
#include <string>

#include "firmware/base/json_io.h"
#include "firmware/http/request.h"
#include "firmware/http/response.h"

namespace shilu::portal {

// Handlers are written as Result<Response>; this turns an error into its problem document.
http::Response answer(Result<http::Response> result);

// The body as a JSON object; kInvalidArgument else.
Result<Json> body_object(const http::Request& request);

// A whole number from the query; nullopt if it is absent, kInvalidArgument if it is none.
Result<std::optional<std::int64_t>> query_number(const http::Request& request, std::string_view name);

// A day to either side: no lesson is longer, and what is within fits every unit of time.
bool is_lesson_ms(std::int64_t ms);
http::Response bad_range();  // 400, for what is not

// "2026-…Z" of milliseconds since 1970.
std::string utc_text(std::int64_t utc_ms);

}  // namespace shilu::portal

#include "firmware/portal/answers.h"

#include <fmt/format.h>

#include <charconv>

#include "firmware/base/clock.h"

namespace shilu::portal {

http::Response answer(Result<http::Response> result) {
  return result ? std::move(*result) : http::problem(result.error());
}

Result<Json> body_object(const http::Request& request) {
  SHILU_TRY(Json json, parse_json(request.body.empty() ? "{}" : request.body));
  if (!json.is_object()) return fail(ErrorKind::kInvalidArgument, "the body must be a JSON object");
  return json;
}

Result<std::optional<std::int64_t>> query_number(const http::Request& request, std::string_view name) {
  const std::string_view text = request.query_or(name, "");
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" must be a whole number", name));
  }
  return std::optional(value);
}

bool is_lesson_ms(std::int64_t ms) {
  constexpr std::int64_t kDay_ms = 86'400'000;
  return -kDay_ms <= ms && ms <= kDay_ms;
}

http::Response bad_range() {
  return http::problem(400, "bad-range", "No lesson is as long as that.");
}

std::string utc_text(std::int64_t utc_ms) {
  return to_rfc3339(WallTime{utc_ms * 1'000'000});
}

}  // namespace shilu::portal

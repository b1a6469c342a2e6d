#pragma once
// Dates as HTTP has them: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the form that senders must use).
// Thread-safe.

#include <chrono>
#include <optional>
#include <string_view>

namespace shilu::http {

// Seconds since 1970 in UTC; nothing if it is no such date.
std::optional<std::chrono::seconds> parse_http_date(std::string_view text);

}  // namespace shilu::http

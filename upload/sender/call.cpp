#include "upload/sender/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "firmware/base/json_io.h"

namespace shilu::sender {
namespace {

std::optional<std::int64_t> http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  // RFC 9110 5.6.7, the form that servers must send: "Sun, 06 Nov 1994 08:49:37 GMT".
  const char* rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return timegm(&parts);
}

CallError::Kind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return CallError::Kind::kAuth;
    case 404:
    case 410:
      return CallError::Kind::kGone;
    case 409:
      return CallError::Kind::kConflict;
    case 413:
      return CallError::Kind::kTooLarge;
    case 423:
    case 429:
      return CallError::Kind::kBusy;
    default:
      break;
  }
  if (status >= 500) return CallError::Kind::kBusy;
  if (status >= 400) return CallError::Kind::kRefused;
  return CallError::Kind::kPortal;  // 2xx and 3xx that the platform would not give here
}

// What the platform itself says about it, if it was the platform.
std::string said(const http::ClientResponse& response) {
  const auto problem = parse_json(response.body);
  if (!problem || !problem->is_object()) return "";
  const std::string detail = json_string_or(*problem, "detail", "");
  return detail.empty() ? "" : ": " + detail;
}

}  // namespace

CallError network_error(const Error& error) {
  const bool trust = error.kind == ErrorKind::kPermissionDenied;
  return {trust ? CallError::Kind::kAuth : CallError::Kind::kNetwork, error.message, std::nullopt};
}

std::optional<std::chrono::seconds> retry_after(const http::ClientResponse& response) {
  const std::string_view value = response.header("retry-after");
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) {
    const auto until = http_date(value);
    const auto now = http_date(response.header("date"));
    if (!until || !now) return std::nullopt;
    seconds = *until - *now;
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 86'400));
}

CallError unexpected_answer(const http::ClientRequest& request, const http::ClientResponse& response) {
  CallError error{kind_of(response.status), "", retry_after(response)};
  if (error.kind == CallError::Kind::kPortal) {
    error.message = fmt::format(
        "{} answered {} where the platform was expected; perhaps the network asks for a sign-in page first",
        request.url, response.status);
  } else {
    error.message = fmt::format("the platform answered {}{}", response.status, said(response));
  }
  return error;
}

CallResult<http::ClientResponse> perform(http::Client& client, const http::ClientRequest& request,
                                         std::initializer_list<int> expected) {
  auto response = client.perform(request);
  if (!response) return tl::make_unexpected(network_error(response.error()));
  if (std::find(expected.begin(), expected.end(), response->status) == expected.end()) {
    return tl::make_unexpected(unexpected_answer(request, *response));
  }
  return std::move(*response);
}

CallResult<Json> json_body(const http::ClientRequest& request, const http::ClientResponse& response) {
  auto json = parse_json(response.body);
  if (json && json->is_object()) return std::move(*json);
  return tl::make_unexpected(CallError{CallError::Kind::kPortal,
                                       request.url + " did not answer as the platform does", std::nullopt});
}

}  // namespace shilu::sender

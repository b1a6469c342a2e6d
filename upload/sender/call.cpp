#include "upload/sender/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "firmware/base/json_io.h"
#include "firmware/http/http_date.h"
#include "firmware/http/url.h"

namespace shilu::sender {
namespace {

CallError::Kind kind_of(int status) {
  switch (status) {
    case 401:
      return CallError::Kind::kAuth;
    case 404:
    case 410:
      return CallError::Kind::kGone;
    case 409:
      return CallError::Kind::kConflict;
    case 413:
      return CallError::Kind::kTooLarge;
    case 460:
      return CallError::Kind::kDamaged;
    case 408:
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

// What somebody on the way says. Its 401 is not about our token, its 404 not about our upload.
CallError::Kind kind_of_stranger(int status) {
  if (status == 407) return CallError::Kind::kTrust;
  if (status == 413) return CallError::Kind::kTooLarge;
  if (status == 408 || status == 429 || (status >= 500 && status != 511)) return CallError::Kind::kBusy;
  return CallError::Kind::kPortal;
}

std::string_view code_of(CallError::Kind kind, int status) {
  switch (kind) {
    case CallError::Kind::kTrust:
      return "proxy-sign-in";
    case CallError::Kind::kBusy:
      if (status == 507) return "no-space";
      return status == 429 || status == 503 || status == 423 ? "busy" : "server-error";
    case CallError::Kind::kAuth:
      return "token";
    case CallError::Kind::kGone:
      return "gone";
    case CallError::Kind::kConflict:
      return "conflict";
    case CallError::Kind::kTooLarge:
      return "too-large";
    case CallError::Kind::kDamaged:
      return "damaged";
    case CallError::Kind::kPortal:
      return "portal";
    default:
      return "refused-by-platform";
  }
}

bool is_trust(http::Cause cause) {
  using http::Cause;
  return cause == Cause::kUntrusted || cause == Cause::kClock || cause == Cause::kWrongPin ||
         cause == Cause::kOurCertificate || cause == Cause::kProxySignIn;
}

// nginx's page for a client without a certificate that it takes; it has no status of its own.
bool wants_certificate(const http::ClientResponse& response) {
  return response.status == 400 && response.body.find("SSL certificate") != std::string::npos;
}

// What the platform itself says about it, if it was the platform.
std::string said(const http::ClientResponse& response) {
  const auto problem = parse_json(response.body);
  if (!problem || !problem->is_object()) return "";
  const std::string detail = json_string_or(*problem, "detail", "");
  return detail.empty() ? "" : ": " + detail;
}

}  // namespace

CallError network_error(const Error& error, http::Cause cause) {
  if (error.kind == ErrorKind::kCorrupted || error.kind == ErrorKind::kInvalidArgument ||
      error.kind == ErrorKind::kInternal)
    return {CallError::Kind::kLocal, error.message, std::nullopt, "local"};
  return {is_trust(cause) ? CallError::Kind::kTrust : CallError::Kind::kNetwork, error.message, std::nullopt,
          std::string(to_string(cause))};
}

bool is_theirs(const http::ClientResponse& response) {
  if (!response.header("tus-resumable").empty()) return true;
  const std::string_view type = response.header("content-type");
  return type.starts_with("application/problem+json") || type.starts_with("application/json");
}

std::optional<HeardClock> clock_of(const http::ClientResponse& response, const Clock& ours) {
  const auto date = http::parse_http_date(response.header("date"));
  if (!date) return std::nullopt;
  return HeardClock{WallTime{Nanoseconds(*date).count()}, ours.monotonic()};
}

std::optional<std::chrono::seconds> retry_after(const http::ClientResponse& response) {
  const std::string_view value = response.header("retry-after");
  if (value.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) {
    const auto until = http::parse_http_date(value);
    const auto now = http::parse_http_date(response.header("date"));
    if (!until || !now) return std::nullopt;
    seconds = (*until - *now).count();
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 86'400));
}

CallError unexpected_answer(const http::ClientRequest& request, const http::ClientResponse& response) {
  if (wants_certificate(response)) {
    return {CallError::Kind::kTrust,
            fmt::format("{} does not take this device's certificate", http::told_url(request.url)),
            std::nullopt, "our-certificate"};
  }
  const auto kind = is_theirs(response) ? kind_of(response.status) : kind_of_stranger(response.status);
  CallError error{kind, "", retry_after(response), std::string(code_of(kind, response.status))};
  if (error.kind == CallError::Kind::kPortal) {
    error.message = fmt::format(
        "{} answered {} where the platform was expected; perhaps the network asks for a sign-in page first",
        http::told_url(request.url), response.status);
  } else {
    error.message =
        fmt::format("{} answered {}{}", is_theirs(response) ? "the platform" : "a proxy on the way",
                    response.status, said(response));
  }
  return error;
}

CallResult<http::ClientResponse> perform(http::Client& client, const http::ClientRequest& request,
                                         std::initializer_list<int> expected) {
  auto response = client.perform(request);
  if (!response) return tl::make_unexpected(network_error(response.error(), client.cause()));
  if (std::find(expected.begin(), expected.end(), response->status) == expected.end()) {
    return tl::make_unexpected(unexpected_answer(request, *response));
  }
  return std::move(*response);
}

CallResult<Json> json_body(const http::ClientRequest& request, const http::ClientResponse& response) {
  auto json = parse_json(response.body);
  if (json && json->is_object()) return std::move(*json);
  return tl::make_unexpected(CallError{CallError::Kind::kPortal,
                                       http::told_url(request.url) + " did not answer as the platform does",
                                       std::nullopt, "portal"});
}

}  // namespace shilu::sender

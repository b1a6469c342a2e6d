#include "upload/platform/gate.h"

#include <algorithm>

namespace shilu::platform {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string bearer_of(const http::Request& request) {
  const std::string_view authorization = request.header("authorization");
  return authorization.starts_with(kBearer) ? std::string(authorization.substr(kBearer.size())) : "";
}

// A browser sends cookies by itself, also for a form on another site; the extra header only for our pages.
bool could_be_forged(const http::Request& request) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  return changes && bearer_of(request).empty() && request.header("x-shilu-request").empty();
}

Result<http::Response> admit_assessor(PlatformStore& store, const http::Request& request,
                                      const AssessorHandler& handler) {
  SHILU_TRY(const auto assessor, store.assessor_of_token(token_of(request)));
  if (!assessor) return http::problem(401, "sign-in-needed", "Please sign in.");
  if (could_be_forged(request))
    return http::problem(403, "cross-site", "This request did not come from the platform's own page.");
  return handler(request, *assessor);
}

}  // namespace

http::Response answer(Result<http::Response> result) {
  return result ? std::move(*result) : http::problem(result.error());
}

http::Response not_stored(http::Response response) {
  const auto is_cache_control = [](const auto& header) { return header.first == "Cache-Control"; };
  if (std::none_of(response.headers.begin(), response.headers.end(), is_cache_control))
    response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

std::string token_of(const http::Request& request) {
  std::string token = bearer_of(request);
  return token.empty() ? request.cookie("shilu_platform_session") : token;
}

std::variant<Device, http::Response> admit_device(PlatformStore& store, const http::Request& request) {
  const std::string token = bearer_of(request);
  auto device = token.empty() ? Result<std::optional<Device>>(std::nullopt) : store.device_of_token(token);
  if (!device) return http::problem(device.error());
  if (!*device) {
    return http::problem(401, "device-unknown", "The device is not enrolled here, or its token was replaced.")
        .with_header("WWW-Authenticate", "Bearer");
  }
  return std::move(**device);
}

http::Handler for_device(PlatformStore& store, DeviceHandler handler) {
  return [&store, handler = std::move(handler)](const http::Request& request) {
    auto admitted = admit_device(store, request);
    if (auto* refusal = std::get_if<http::Response>(&admitted)) return std::move(*refusal);
    return not_stored(answer(handler(request, std::get<Device>(admitted))));
  };
}

http::Handler for_assessor(PlatformStore& store, AssessorHandler handler) {
  return [&store, handler = std::move(handler)](const http::Request& request) {
    return not_stored(answer(admit_assessor(store, request, handler)));
  };
}

}  // namespace shilu::platform

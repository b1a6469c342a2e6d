#include "upload/platform/fleet_routes.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"
#include "upload/platform/answers.h"
#include "upload/platform/device_log_book.h"
#include "upload/platform/gate.h"
#include "upload/platform/key_registry.h"

namespace shilu::platform {
namespace {

constexpr std::size_t kMaxReason = 200;

using Handler = std::function<Result<http::Response>(const http::Request&)>;

http::Handler for_operator(const Context& context, Handler handler) {
  return [context, handler = std::move(handler)](const http::Request& request) {
    // Hashes are compared, so that the time that it takes tells nothing of the token.
    if (request.header("authorization").empty() ||
        sha256(token_of(request)) != sha256(context.operator_token))
      return http::problem(401, "operator-needed", "This is for whoever looks after the platform.");
    return not_stored(answer(handler(request)));
  };
}

Json key_json(const DeviceKey& key, const evidence::RevocationList& revoked) {
  Json json{{"key_id", key.id},
            {"role", key.role},
            {"key_level", nullptr},
            {"not_after_utc", nullptr},
            {"revoked_utc", nullptr}};
  if (key.level) json["key_level"] = *key.level;
  if (key.not_after_utc_ms) json["not_after_utc"] = utc_text(*key.not_after_utc_ms);
  for (const auto& one : revoked.revoked) {
    if (one.key_id == key.id) json["revoked_utc"] = to_rfc3339(one.revoked);
  }
  return json;
}

Result<http::Response> list_devices(const Context& context) {
  SHILU_TRY(const auto devices, context.store.devices());
  SHILU_TRY(const auto keys, context.store.device_keys());
  SHILU_TRY(const auto revoked, revocation_list(context));
  Json list = Json::array();
  for (const Device& device : devices) {
    Json of_device = Json::array();
    for (const DeviceKey& key : keys) {
      if (key.device == device.id) of_device.push_back(key_json(key, revoked));
    }
    SHILU_TRY(Json log, log_json(context, device.id));
    list.push_back({{"device_id", device.id},
                    {"name", device.name},
                    {"keys", std::move(of_device)},
                    {"log", std::move(log)}});
  }
  return http::json(200, {{"devices", std::move(list)}});
}

// {"key_id","reason"} and, where it is known when the key was lost, "revoked_utc"; else now.
Result<http::Response> revoke(const Context& context, const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  evidence::Revocation revocation;
  SHILU_TRY(revocation.key_id, json_string(body, "key_id"));
  SHILU_TRY(revocation.reason, json_string(body, "reason"));
  if (!revocation.key_id.starts_with("sha256:") || !digest_from_hex(revocation.key_id.substr(7)))
    return http::problem(400, "key-id", "\"key_id\" must be sha256: and 64 hex digits.");
  if (revocation.reason.empty() || revocation.reason.size() > kMaxReason)
    return http::problem(400, "reason", "The reason must have 1 to 200 bytes.");
  revocation.revoked = context.clock.wall();
  if (body.contains("revoked_utc")) {
    SHILU_TRY(const auto text, json_string(body, "revoked_utc"));
    SHILU_TRY(revocation.revoked, wall_from_rfc3339(text));
  }
  SHILU_CHECK(context.store.revoke(revocation));
  return http::no_content();
}

Result<http::Response> tell_revocations(const Context& context) {
  SHILU_TRY(const auto list, revocation_list(context));
  SHILU_TRY(const auto envelope, evidence::sign_revocations(list, context.receipt_key));
  SHILU_TRY(const auto json, parse_json(envelope.to_json()));
  return http::json(200, json);
}

}  // namespace

void add_fleet_routes(http::Server& server, const Context& context) {
  server.route("GET", "/api/v1/platform/revocations",
               [context](const http::Request&) { return not_stored(answer(tell_revocations(context))); });
  server.route("GET", "/api/v1/fleet/devices",
               for_operator(context, [context](const http::Request&) { return list_devices(context); }));
  server.route(
      "POST", "/api/v1/fleet/revocations",
      for_operator(context, [context](const http::Request& request) { return revoke(context, request); }));
  server.route("POST", "/api/v1/fleet/devices/{device}/accept-log",
               for_operator(context, [context](const http::Request& request) -> Result<http::Response> {
                 SHILU_CHECK(accept_log(context, request.parameter("device")));
                 return http::no_content();
               }));
}

}  // namespace shilu::platform

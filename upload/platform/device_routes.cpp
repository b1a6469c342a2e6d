#include "upload/platform/device_routes.h"

#include <fmt/format.h>

#include "firmware/base/certificate.h"
#include "firmware/base/digest.h"
#include "firmware/base/json_io.h"
#include "upload/platform/answers.h"
#include "upload/platform/gate.h"
#include "upload/platform/offer.h"

namespace shilu::platform {
namespace {

constexpr std::size_t kMaxName = 128;  // characters are counted by the store; bytes bound it here

http::Response describe(const Context& context) {
  return http::json(
      200, {{"name", context.settings.name},
            {"version", SHILU_VERSION},
            {"tus",
             {{"version", "1.0.0"}, {"max_size", context.settings.max_package}, {"endpoint", "/files"}}},
            {"receipt_key_pem", context.receipt_key.public_key().pem()},
            {"identity_key", to_base64(context.identity_key.public_key)}});
}

// Hashes are compared, so that the time that it takes tells nothing of the code.
bool same_code(std::string_view given, std::string_view right) {
  return sha256(given) == sha256(right);
}

Result<http::Response> enrol(const Context& context, const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string claim, json_string(body, "claim"));
  SHILU_TRY(const std::string pem, json_string(body, "device_key_pem"));
  SHILU_TRY(const std::string name, json_string(body, "name"));
  if (const auto wait = context.claims.wait_of(request.peer); wait.count() > 0) {
    return http::problem(429, "wait", fmt::format("Too many wrong claim codes. Try again in {} seconds.",
                                                  wait.count()))
        .with_header("Retry-After", std::to_string(wait.count()));
  }
  if (!same_code(claim, context.settings.claim)) {
    context.claims.count_wrong(request.peer);
    return http::problem(403, "wrong-claim", "This claim code is not the platform's.");
  }
  const auto key = PublicKey::from_pem(pem);
  if (!key) return http::problem(400, "device-key", "\"device_key_pem\" is not an Ed25519 public key in PEM.");
  if (name.empty() || name.size() > kMaxName)
    return http::problem(400, "device-name", "The device's name must have 1 to 128 bytes.");
  const std::string id = device_id_of(*key);
  SHILU_TRY(const std::string token, context.store.enrol({id, name, key->pem()}));
  return http::json(201, {{"device_id", id}, {"token", token}}).with_header("Cache-Control", "no-store");
}

http::Response resume(const Upload& upload, std::int64_t offset) {
  return http::json(200,
                    {{"answer", "resume"}, {"upload_url", "/files/" + upload.id}, {"offset", offset}});
}

// What the platform has of a package. An upload becomes a package in one step, so whoever looks for the upload first
// misses neither.
struct Known {
  std::optional<Upload> upload;
  std::optional<Package> package;
};

Result<Known> look_up(const Context& context, const Device& device, std::string_view sha256) {
  Known known;
  SHILU_TRY(known.upload, context.store.upload_of(device.id, sha256));
  SHILU_TRY(known.package, context.store.package(sha256));
  return known;
}

// Nothing of it is here but perhaps a part.
Result<http::Response> receive(const Context& context, const std::optional<Upload>& upload,
                               const Offer& offer) {
  if (upload && upload->offset_bytes == upload->size_bytes && upload->size_bytes == offer.size_bytes)
    return http::json(200, {{"answer", "verifying"}});
  if (upload && upload->size_bytes == offer.size_bytes) {
    SHILU_TRY(const std::int64_t offset, context.uploads.settle(*upload));
    return resume(*upload, offset);
  }
  return http::json(200, {{"answer", "send"}, {"endpoint", "/files"}});
}

Result<http::Response> take_offer(const Context& context, const http::Request& request,
                                  const Device& device) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const Offer offer, Offer::from_json(body));
  if (static_cast<std::uint64_t>(offer.size_bytes) > context.settings.max_package) {
    return http::problem(413, "too-large", fmt::format("A package may have at most {} bytes.",
                                                       context.settings.max_package));
  }
  SHILU_TRY(const Known known, look_up(context, device, offer.package_sha256));
  const auto& package = known.package;
  if (package && package->state == PackageState::kAcknowledged)
    return http::json(200, {{"answer", "have"}, {"receipt", stored_json(package->receipt.value_or(""))}});
  if (package && package->state == PackageState::kVerifying)
    return http::json(200, {{"answer", "verifying"}});
  if (const auto point = context.catalogue.require(offer.point); !point)
    return http::problem(422, "point-unknown", point.error().message);
  // Whoever offers a rejected package again wants to know again: an unknown device may be enrolled by now.
  if (package) SHILU_CHECK(context.store.forget_rejected(offer.package_sha256));
  return receive(context, known.upload, offer);
}

Json state_json(std::string_view state, std::int64_t offset) {
  return {{"state", state},
          {"offset", offset},
          {"reasons", Json::array()},
          {"receipt", nullptr},
          {"verdict", nullptr}};
}

http::Response package_state(const Package& package) {
  Json json = state_json(to_string(package.state), package.size_bytes);
  json["reasons"] = stored_json(package.reasons);
  if (package.receipt) json["receipt"] = stored_json(*package.receipt);
  if (package.verdict) json["verdict"] = stored_json(*package.verdict);
  return http::json(200, json);
}

// By digest, whichever device sent it: who can name the digest has had the package.
Result<http::Response> tell_state(const Context& context, const http::Request& request,
                                  const Device& device) {
  const std::string_view sha256 = request.parameter("sha256");
  SHILU_TRY(const Known known, look_up(context, device, sha256));
  if (known.package) return package_state(*known.package);
  if (!known.upload)
    return http::problem(404, "not-found", "The platform knows no such package of this device.");
  const bool complete = known.upload->offset_bytes == known.upload->size_bytes;
  return http::json(200, state_json(complete ? "verifying" : "receiving", known.upload->offset_bytes));
}

}  // namespace

void add_device_routes(http::Server& server, const Context& context) {
  server.route("GET", "/api/v1/platform", [context](const http::Request&) { return describe(context); });
  server.route("POST", "/api/v1/devices",
               [context](const http::Request& request) { return answer(enrol(context, request)); });
  server.route("POST", "/api/v1/submissions",
               for_device(context.store, [context](const http::Request& request, const Device& device) {
                 return take_offer(context, request, device);
               }));
  server.route("GET", "/api/v1/submissions/{sha256}",
               for_device(context.store, [context](const http::Request& request, const Device& device) {
                 return tell_state(context, request, device);
               }));
}

}  // namespace shilu::platform

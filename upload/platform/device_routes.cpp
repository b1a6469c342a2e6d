#include "upload/platform/device_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/certificate.h"
#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/enrolment_proof.h"
#include "upload/platform/answers.h"
#include "upload/platform/device_log_book.h"
#include "upload/platform/gate.h"
#include "upload/platform/key_registry.h"
#include "upload/platform/object_intake.h"
#include "upload/platform/offer.h"
#include "upload/platform/room.h"

namespace shilu::platform {
namespace {

constexpr std::int64_t kOfferLifetime_ms = std::int64_t{15} * 86'400'000;  // where no upload follows
constexpr std::size_t kMaxCertificates = 8;
constexpr std::size_t kMaxTimeStamp = 64u << 10;
constexpr std::size_t kMaxName = 128;  // characters are counted by the store; bytes bound it here

http::Response describe(const Context& context) {
  return http::json(
      200,
      {{"name", context.settings.name},
       {"version", SHILU_VERSION},
       {"tus", {{"version", "1.0.0"}, {"max_size", context.settings.max_package}, {"endpoint", "/files"}}},
       {"receipt_key_pem", context.receipt_key.public_key().pem()},
       {"identity_key", to_base64(context.identity_key.public_key)}});
}

// Hashes are compared, so that the time that it takes tells nothing of the code.
bool same_code(std::string_view given, std::string_view right) {
  return sha256(given) == sha256(right);
}

// What the device shows of its keys: "certificates", a list of envelopes; may be missing.
Result<std::vector<DsseEnvelope>> certificates_of(const Json& body) {
  std::vector<DsseEnvelope> envelopes;
  if (!body.contains("certificates")) return envelopes;
  SHILU_TRY(const Json list, json_array(body, "certificates"));
  if (list.size() > kMaxCertificates)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("There may be at most {} certificates.", kMaxCertificates));
  for (const Json& item : list) {
    SHILU_TRY(auto envelope, DsseEnvelope::from_json(canonical_json(item)));
    envelopes.push_back(std::move(envelope));
  }
  return envelopes;
}

// A device that is enrolled has new keys: of a role, or its own, endorsed by the one that is known.
Result<http::Response> take_keys(const Context& context, const http::Request& request, const Device& device) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const auto certificates, certificates_of(body));
  for (const auto& envelope : certificates) SHILU_CHECK(register_certificate(context, device, envelope));
  return http::no_content();
}

// For whoever asks: what nobody could know before.
Result<http::Response> tell_nonce(const Context& context) {
  evidence::Nonce nonce{{}, context.clock.wall(), context.settings.name};
  const Bytes random = random_bytes(nonce.value.size());
  std::copy(random.begin(), random.end(), nonce.value.begin());
  SHILU_TRY(const auto envelope, evidence::sign_nonce(nonce, context.receipt_key));
  SHILU_TRY(const Json json, parse_json(envelope.to_json()));
  return http::json(200, json);
}

// Kept as it came, the last one of a package; verification says what it proves.
Result<http::Response> take_time_stamp(const Context& context, const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string sha256, json_string(body, "package_sha256"));
  SHILU_TRY(std::ignore, digest_from_hex(sha256));
  SHILU_TRY(const std::string encoded, json_string(body, "reply"));
  SHILU_TRY(const Bytes reply, from_base64(encoded));
  if (reply.size() > kMaxTimeStamp)
    return http::problem(413, "too-large",
                         fmt::format("A time stamp may have at most {} bytes.", kMaxTimeStamp));
  SHILU_CHECK(check_room(context, static_cast<std::int64_t>(reply.size())));
  SHILU_CHECK(write_file_atomic(context.settings.time_stamp_path(sha256), reply, 0600));
  return http::no_content();
}

http::Response refuse_revoked() {
  return http::problem(403, "key-revoked", "This device key was revoked. The device needs a new one.");
}

// "certificate": of the key that signed the proof; may be missing.
Result<std::optional<DsseEnvelope>> certificate_of(const Json& body) {
  if (!body.contains("certificate")) return std::optional<DsseEnvelope>();
  SHILU_TRY(const Json json, json_object(body, "certificate"));
  SHILU_TRY(auto envelope, DsseEnvelope::from_json(canonical_json(json)));
  return std::optional(std::move(envelope));
}

// Who knows the claim code and a device's public key, which stands in every package, is not yet the device.
Result<PublicKey> prove_possession(const Context& context, const Json& body,
                                   const evidence::EnrolmentClaim& claim) {
  SHILU_TRY(const Json proof, json_object(body, "proof"));
  SHILU_TRY(const auto envelope, DsseEnvelope::from_json(canonical_json(proof)));
  return evidence::check_enrolment(envelope, claim, context.receipt_key.public_key(), context.clock.wall());
}

Result<http::Response> enrol(const Context& context, const http::Request& request) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const std::string claim, json_string(body, "claim"));
  SHILU_TRY(const std::string pem, json_string(body, "device_key_pem"));
  SHILU_TRY(const std::string name, json_string(body, "name"));
  if (const auto wait = context.claims.wait_of(request.peer); wait.count() > 0) {
    return http::problem(429, "wait",
                         fmt::format("Too many wrong claim codes. Try again in {} seconds.", wait.count()))
        .with_header("Retry-After", std::to_string(wait.count()));
  }
  if (!same_code(claim, context.settings.claim)) {
    context.claims.count_wrong(request.peer);
    return http::problem(403, "wrong-claim", "This claim code is not the platform's.");
  }
  const auto key = PublicKey::from_pem(pem);
  if (!key)
    return http::problem(400, "device-key",
                         "\"device_key_pem\" is not a public key of Ed25519 or P-256 in PEM.");
  if (name.empty() || name.size() > kMaxName)
    return http::problem(400, "device-name", "The device's name must have 1 to 128 bytes.");
  const std::string id = device_id_of(*key);
  SHILU_TRY(const auto revoked, revocation_list(context));
  if (revoked.find(*key) != nullptr) return refuse_revoked();
  SHILU_TRY(const auto certificates, certificates_of(body));
  SHILU_TRY(const auto certificate, certificate_of(body));
  const auto signer = prove_possession(context, body, {*key, name, claim, certificate});
  if (!signer && signer.error().kind == ErrorKind::kPermissionDenied)
    return http::problem(403, "device-proof",
                         "Nothing proves that who enrols is this device. " + signer.error().message);
  if (!signer) return fail(signer.error());
  if (revoked.find(*signer) != nullptr) return refuse_revoked();
  const Device device{id, name, key->pem()};
  SHILU_TRY(const std::string token, context.store.enrol(device));
  SHILU_CHECK(context.store.put_device_key(
      {key->id(), id, "device", key->pem(), std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
  for (const auto& envelope : certificates) SHILU_CHECK(register_certificate(context, device, envelope));
  return http::json(201, {{"device_id", id}, {"token", token}}).with_header("Cache-Control", "no-store");
}

http::Response resume(const Upload& upload, std::int64_t offset) {
  return http::json(200, {{"answer", "resume"}, {"upload_url", "/files/" + upload.id}, {"offset", offset}});
}

// What the platform has of a package. An upload becomes a package in one step, so whoever looks for the
// upload first misses neither.
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

// All of it is here, or in our store.
bool is_complete(const Context& context, const Upload& upload, const std::optional<ObjectUpload>& object) {
  return upload.offset_bytes == upload.size_bytes ||
         (object && (object->joined || context.joins.has(upload.id)));
}

http::Response send_it() {
  return http::json(200, {{"answer", "send"}, {"endpoint", "/files"}});
}

// Nothing of it is here but perhaps a part. What came by tus goes on by tus, also where it was begun by
// parts; what was begun by parts goes on by tus only if the device no longer takes them.
Result<http::Response> receive(const Context& context, const Device& device,
                               const std::optional<Upload>& known, const Offer& offer) {
  const bool begun = known && known->size_bytes == offer.size_bytes;
  std::optional<ObjectUpload> object;
  if (begun) {
    SHILU_TRY(object, context.store.object_upload(known->id));
    if (is_complete(context, *known, object)) return http::json(200, {{"answer", "verifying"}});
  }
  const bool by_tus = begun && known->offset_bytes > 0;  // of what is joined it was told above
  if (context.settings.object_store && offer.takes_parts && !by_tus)
    return offer_parts(context, device, offer, known);
  if (!begun) return send_it();
  const auto offset = context.uploads.settle(*known);
  if (offset) return resume(*known, *offset);
  if (offset.error().kind != ErrorKind::kCorrupted) return fail(offset.error());
  SHILU_CHECK(give_up(context, *known));
  return send_it();
}

Result<http::Response> take_offer(const Context& context, const http::Request& request,
                                  const Device& device) {
  SHILU_TRY(const Json body, body_object(request));
  SHILU_TRY(const Offer offer, Offer::from_json(body));
  if (static_cast<std::uint64_t>(offer.size_bytes) > context.settings.max_package) {
    return http::problem(413, "too-large",
                         fmt::format("A package may have at most {} bytes.", context.settings.max_package));
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
  SHILU_CHECK(context.store.put_offer({device.id, offer.package_sha256, offer.size_bytes, offer.blocks,
                                       context.clock.wall().ns / 1'000'000 + kOfferLifetime_ms}));
  return receive(context, device, known.upload, offer);
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
  SHILU_TRY(const auto object, context.store.object_upload(known.upload->id));
  const bool complete = is_complete(context, *known.upload, object);
  return http::json(200, state_json(complete ? "verifying" : "receiving", known.upload->offset_bytes));
}

}  // namespace

void add_device_routes(http::Server& server, const Context& context) {
  server.route("GET", "/api/v1/platform", [context](const http::Request&) { return describe(context); });
  server.route("POST", "/api/v1/devices",
               [context](const http::Request& request) { return answer(enrol(context, request)); });
  server.route("POST", "/api/v1/devices/keys",
               for_device(context.store, [context](const http::Request& request, const Device& device) {
                 return take_keys(context, request, device);
               }));
  server.route("GET", "/api/v1/platform/nonce",
               [context](const http::Request&) { return not_stored(answer(tell_nonce(context))); });
  server.route("GET", "/api/v1/devices/log",
               for_device(context.store,
                          [context](const http::Request&, const Device& device) -> Result<http::Response> {
                            SHILU_TRY(const Json known, tell_log_head(context, device));
                            return http::json(200, known);
                          }));
  server.route(
      "POST", "/api/v1/devices/log",
      for_device(context.store,
                 [context](const http::Request& request, const Device& device) -> Result<http::Response> {
                   SHILU_TRY(const Json body, body_object(request));
                   SHILU_TRY(const Json verdict, take_log_head(context, device, body));
                   return http::json(200, verdict);
                 }));
  server.route("POST", "/api/v1/devices/time-stamps",
               for_device(context.store, [context](const http::Request& request, const Device&) {
                 return take_time_stamp(context, request);
               }));
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

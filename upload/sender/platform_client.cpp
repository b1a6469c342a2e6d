#include "upload/sender/platform_client.h"

#include <fmt/format.h>

#include "firmware/base/json_io.h"
#include "firmware/http/url.h"
#include "upload/sender/call.h"

namespace shilu::sender {
namespace {

constexpr std::int64_t kMostParts = 10'000;        // S3's limit
constexpr std::int64_t kLargestPart = 64ll << 20;  // it is held in memory while its digest is made

http::ClientRequest json_request(std::string method, std::string url, const std::string& token,
                                 const Json& body = {}) {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers.emplace_back("Accept", "application/json");
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = canonical_json(body);
  }
  return request;
}

// What the platform says in a shape that is not ours: a wrong address, or a page of somebody else's.
CallError not_understood(const http::ClientRequest& request, const Error& error) {
  return {CallError::Kind::kPortal,
          fmt::format("{} answered, but not as the platform does: {}", http::told_url(request.url),
                      error.message),
          std::nullopt, "portal"};
}

Result<std::optional<DsseEnvelope>> envelope_in(const Json& object, std::string_view key) {
  const auto found = object.find(std::string(key));
  if (found == object.end() || found->is_null()) return std::optional<DsseEnvelope>();
  SHILU_TRY(DsseEnvelope envelope, DsseEnvelope::from_json(canonical_json(*found)));
  return std::optional(std::move(envelope));
}

Json json_of(const DsseEnvelope& envelope) {
  return parse_json(envelope.to_json()).value();
}

Result<PlatformInfo> read_info(const Json& json, const std::string& base_url) {
  PlatformInfo info;
  SHILU_TRY(info.name, json_string(json, "name"));
  SHILU_TRY(info.receipt_key_pem, json_string(json, "receipt_key_pem"));
  SHILU_TRY(const std::string identity_key, json_string(json, "identity_key"));
  SHILU_TRY(info.identity_key, from_base64(identity_key));
  SHILU_TRY(const Json tus, json_object(json, "tus"));
  SHILU_TRY(const std::string endpoint, json_string(tus, "endpoint"));
  SHILU_TRY(info.upload_endpoint, http::resolve_url(base_url + "/", endpoint));
  info.max_size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_int_or(tus, "max_size", 0)));
  if (info.identity_key.size() != 32) return fail(ErrorKind::kCorrupted, "\"identity_key\" is not 32 bytes");
  return info;
}

Result<MissingPart> read_part(const Json& json) {
  MissingPart part;
  SHILU_TRY(const std::int64_t number, json_int(json, "number"));
  if (number < 1 || number > kMostParts)
    return fail(ErrorKind::kCorrupted, fmt::format("a part has the number {}", number));
  part.number = static_cast<int>(number);
  SHILU_TRY(const std::string sha256, json_string(json, "sha256"));
  SHILU_TRY(part.sha256, digest_from_hex(sha256));
  SHILU_TRY(part.url, json_string(json, "url"));
  SHILU_TRY(std::ignore, http::resolve_url(part.url, ""));
  return part;
}

Status read_parts(const Json& json, const std::string& base_url, OfferAnswer& answer) {
  answer.transport = "parts";
  SHILU_TRY(const std::int64_t size, json_int(json, "part_size"));
  if (size < 1 || size > kLargestPart) return fail(ErrorKind::kCorrupted, "\"part_size\" is out of range");
  answer.part_size = static_cast<std::uint64_t>(size);
  answer.digest_signed = json.value("digest_signed", Json(true)) != Json(false);
  SHILU_TRY(const Json parts, json_array(json, "parts"));
  for (const Json& one : parts) {
    SHILU_TRY(MissingPart part, read_part(one));
    answer.parts.push_back(std::move(part));
  }
  if (answer.parts.empty()) return fail(ErrorKind::kCorrupted, "\"parts\" names none");
  const std::string url = json_string_or(json, "upload_url", "");
  if (url.empty()) return {};
  SHILU_TRY(answer.upload_url, http::resolve_url(base_url + "/", url));
  return {};
}

Result<OfferAnswer> read_offer_answer(const Json& json, const std::string& base_url) {
  OfferAnswer answer;
  SHILU_TRY(const std::string word, json_string(json, "answer"));
  if (word == "have") {
    answer.kind = OfferAnswer::Kind::kHave;
    SHILU_TRY(answer.receipt, envelope_in(json, "receipt"));
  } else if (word == "verifying") {
    answer.kind = OfferAnswer::Kind::kVerifying;
  } else if (word == "resume") {
    answer.kind = OfferAnswer::Kind::kResume;
    SHILU_TRY(const std::string url, json_string(json, "upload_url"));
    SHILU_TRY(answer.upload_url, http::resolve_url(base_url + "/", url));
    SHILU_TRY(const std::int64_t offset, json_int(json, "offset"));
    if (offset < 0) return fail(ErrorKind::kCorrupted, "\"offset\" is negative");
    answer.offset = static_cast<std::uint64_t>(offset);
  } else if (word == "parts") {
    SHILU_CHECK(read_parts(json, base_url, answer));
  } else if (word != "send") {
    return fail(ErrorKind::kCorrupted, fmt::format("\"answer\" is \"{}\"", word));
  }
  return answer;
}

Result<PackageState::Kind> state_kind(std::string_view word) {
  if (word == "receiving") return PackageState::Kind::kReceiving;
  if (word == "verifying") return PackageState::Kind::kVerifying;
  if (word == "acknowledged") return PackageState::Kind::kAcknowledged;
  if (word == "rejected") return PackageState::Kind::kRejected;
  return fail(ErrorKind::kCorrupted, fmt::format("\"state\" is \"{}\"", word));
}

Result<PackageState> read_state(const Json& json) {
  PackageState state;
  SHILU_TRY(const std::string word, json_string(json, "state"));
  SHILU_TRY(state.kind, state_kind(word));
  state.offset = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_int_or(json, "offset", 0)));
  if (const auto reasons = json.find("reasons"); reasons != json.end() && reasons->is_array()) {
    for (const Json& reason : *reasons) {
      state.reasons.push_back({json_string_or(reason, "code", ""), json_string_or(reason, "text", "")});
    }
  }
  SHILU_TRY(state.receipt, envelope_in(json, "receipt"));
  SHILU_TRY(state.verdict, envelope_in(json, "verdict"));
  return state;
}

// Performs, parses, and hands the JSON to `read`.
template <typename T, typename Read>
CallResult<T> ask(http::Client& client, std::optional<HeardClock>& clock, const http::ClientRequest& request,
                  std::initializer_list<int> expected, Read read) {
  SHILU_CALL(const http::ClientResponse response, perform(client, request, expected));
  SHILU_CALL(const Json json, json_body(request, response));
  Result<T> value = read(json);
  if (!value) return tl::make_unexpected(not_understood(request, value.error()));
  if (const auto heard = clock_of(response, SystemClock())) clock = heard;
  return std::move(*value);
}

}  // namespace

PlatformClient::PlatformClient(http::Client client, std::string base_url)
    : client_(std::move(client)), base_url_(std::move(base_url)) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
}

void PlatformClient::set_token(std::string token) {
  token_ = std::move(token);
}

CallResult<PlatformInfo> PlatformClient::info() {
  return ask<PlatformInfo>(client_, heard_clock_, json_request("GET", base_url_ + "/api/v1/platform", ""),
                           {200}, [&](const Json& json) { return read_info(json, base_url_); });
}

CallResult<DsseEnvelope> PlatformClient::nonce() {
  return ask<DsseEnvelope>(client_, heard_clock_,
                           json_request("GET", base_url_ + "/api/v1/platform/nonce", ""), {200},
                           [](const Json& json) { return DsseEnvelope::from_json(canonical_json(json)); });
}

CallResult<Enrolment> PlatformClient::enrol(const EnrolmentRequest& request) {
  const Json body = {{"device_key_pem", request.certificate.device_key.pem()},
                     {"name", request.name},
                     {"claim", request.claim},
                     {"certificate", json_of(request.certificate.envelope)},
                     {"proof", json_of(request.proof)}};
  return ask<Enrolment>(client_, heard_clock_, json_request("POST", base_url_ + "/api/v1/devices", "", body),
                        {200, 201}, [](const Json& json) -> Result<Enrolment> {
                          Enrolment enrolment;
                          SHILU_TRY(enrolment.device_id, json_string(json, "device_id"));
                          SHILU_TRY(enrolment.token, json_string(json, "token"));
                          return enrolment;
                        });
}

CallResult<OfferAnswer> PlatformClient::offer(const Offer& offer) {
  Json blocks = Json::array();
  for (const Digest& block : offer.blocks) blocks.push_back(to_hex(block));
  const Json body = {{"package_sha256", to_hex(offer.package_sha256)},
                     {"size_bytes", offer.size_bytes},
                     {"block_size", 8u << 20},
                     {"blocks", std::move(blocks)},
                     {"programme", offer.programme},
                     {"point", offer.point},
                     {"transports", offer.takes_parts ? Json{"tus", "parts"} : Json{"tus"}}};
  return ask<OfferAnswer>(
      client_, heard_clock_, json_request("POST", base_url_ + "/api/v1/submissions", token_, body),
      {200, 201, 202}, [&](const Json& json) { return read_offer_answer(json, base_url_); });
}

CallResult<PackageState> PlatformClient::state(const Digest& package_sha256) {
  const std::string url = base_url_ + "/api/v1/submissions/" + to_hex(package_sha256);
  return ask<PackageState>(client_, heard_clock_, json_request("GET", url, token_), {200}, read_state);
}

}  // namespace shilu::sender

#include "firmware/portal/device_link.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/base/time_stamp.h"
#include "upload/evidence/package_reader.h"
#include "upload/sender/call.h"

namespace shilu::portal {
namespace {

// The outbox enrols; a lesson that begins right afterwards should have a nonce.
constexpr Nanoseconds kUntilEnrolled = std::chrono::seconds(1);

Json envelope_json(const DsseEnvelope& envelope) {
  return parse_json(envelope.to_json()).value_or(Json(nullptr));
}

http::ClientOptions to_anybody(http::ClientOptions line) {
  line.pinned_keys.clear();
  line.client_certificate.clear();
  line.client_key.clear();
  return line;
}

Status of_call(const sender::CallError& error) {
  return fail(ErrorKind::kUnavailable, error.message);
}

}  // namespace

DeviceLink::DeviceLink(Options options, journal::DeviceLog& log, const Clock& clock)
    : options_(std::move(options)),
      log_(log),
      clock_(clock),
      client_(options_.line),
      stamp_client_(to_anybody(options_.line)) {}

DeviceLink::~DeviceLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DeviceLink::start() {
  thread_ = std::thread([this] { run(); });
}

void DeviceLink::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_all();
}

std::optional<DsseEnvelope> DeviceLink::nonce() const {
  const std::lock_guard lock(mutex_);
  return clock_.monotonic() < nonce_until_ ? nonce_ : std::nullopt;
}

void DeviceLink::run() {
  for (;;) {
    work();
    std::unique_lock lock(mutex_);
    const auto pause =
        enrolled_ ? options_.interval : std::min<Nanoseconds>(options_.interval, kUntilEnrolled);
    woken_.wait_for(lock, pause, [this] { return wake_ || stopping_; });
    wake_ = false;
    if (stopping_) return;
  }
}

void DeviceLink::work() {
  auto known = sender::load_enrolment(options_.enrolment_file, options_.platform_url);
  if (!known || !*known) return;
  enrolled_ = std::move(*known);
  auto done = ask_nonce();
  if (done) done = show_certificates();
  if (done) done = show_log();
  if (done) done = stamp_packages();
  const std::string now = done ? "" : done.error().message;
  if (now != std::exchange(told_, now) && !now.empty()) log_warning("platform: {}", now);
}

Result<Json> DeviceLink::call(const std::string& method, const std::string& path,
                              const std::optional<Json>& body) {
  http::ClientRequest request;
  request.method = method;
  request.url = options_.platform_url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path;
  request.headers.emplace_back("Authorization", "Bearer " + enrolled_->token);
  if (body) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = canonical_json(*body);
  }
  const auto response = sender::perform(client_, request, {200, 204});
  if (!response) return fail(of_call(response.error()).error());
  if (response->status == 204) return Json(nullptr);
  auto json = sender::json_body(request, *response);
  if (!json) return fail(of_call(json.error()).error());
  return std::move(*json);
}

Status DeviceLink::show_certificates() {
  if (shown_with_token_ == enrolled_->token) return {};
  Json list = Json::array();
  for (const auto& one : options_.certificates) list.push_back(envelope_json(one));
  SHILU_CHECK(
      call("POST", "/api/v1/devices/keys", Json{{"certificates", std::move(list)}}).map([](const Json&) {}));
  shown_with_token_ = enrolled_->token;
  return {};
}

// The platform says what it knows; the log proves that it goes on from there. What the platform makes of it
// is its own business: this device goes on all the same.
Status DeviceLink::show_log() {
  if (shown_leaves_ == log_.size()) return {};
  SHILU_TRY(const Json known, call("GET", "/api/v1/devices/log", std::nullopt));
  const auto from = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_int_or(known, "tree_size", 0)));
  SHILU_TRY(const auto head, log_.head(from, "offer"));
  Json path = Json::array();
  for (const Digest& one : head.consistency) path.push_back(to_hex(one));
  SHILU_TRY(const Json answer, call("POST", "/api/v1/devices/log",
                                    Json{{"checkpoint", envelope_json(head.checkpoint.envelope)},
                                         {"certificate", envelope_json(head.certificate)},
                                         {"consistency", std::move(path)}}));
  const auto verdict = json_string_or(answer, "verdict", "");
  if (verdict != "consistent")
    log_warning("platform: log {}: {}", verdict, json_string_or(answer, "detail", ""));
  shown_leaves_ = head.checkpoint.checkpoint.tree_size;
  return {};
}

Result<Bytes> DeviceLink::ask_time_stamp(const Digest& digest) {
  const Bytes query = make_time_stamp_query(digest);
  http::ClientRequest request;
  request.method = "POST";
  request.url = options_.time_stamp_server;
  request.headers.emplace_back("Content-Type", kTimeStampQueryType);
  request.body = as_text(query);
  SHILU_TRY(const auto response, stamp_client_.perform(request));
  if (response.status != 200)
    return fail(ErrorKind::kUnavailable, fmt::format("the time stamp server answers {}", response.status));
  Bytes reply = to_bytes(response.body);
  SHILU_CHECK(check_time_stamp_reply(reply, query));
  return reply;
}

// Beside the package, not in it: the package is frozen before, and made without a line too. docs/decisions.
Status DeviceLink::stamp(const std::string& sha256_of_package, const std::filesystem::path& package) {
  const std::filesystem::path file = package.string() + ".tsr";
  auto reply = read_file(file, 1u << 20);
  if (!reply) {
    SHILU_TRY(const auto reader, evidence::PackageReader::open(package));
    SHILU_TRY(const Bytes seal, reader.read("seal.json"));
    SHILU_TRY(reply, ask_time_stamp(sha256(ByteView(seal))));
    SHILU_CHECK(write_file_atomic(file, *reply));
  }
  return call("POST", "/api/v1/devices/time-stamps",
              Json{{"package_sha256", sha256_of_package}, {"reply", to_base64(*reply)}})
      .map([](const Json&) {});
}

Status DeviceLink::stamp_packages() {
  if (options_.time_stamp_server.empty() || !options_.packages) return {};
  for (const auto& [sha256, package] : options_.packages()) {
    if (stamped_.contains(sha256)) continue;
    if (auto done = stamp(sha256, package); !done) return fail(done.error().within("time stamp"));
    stamped_.insert(sha256);
  }
  return {};
}

// Whether it is right is checked by whoever verifies the lesson; here it must only be the platform's.
Status DeviceLink::ask_nonce() {
  SHILU_TRY(const Json json, call("GET", "/api/v1/platform/nonce", std::nullopt));
  SHILU_TRY(auto envelope, DsseEnvelope::from_json(canonical_json(json)));
  SHILU_TRY(const auto key, enrolled_->receipt_key());
  if (!envelope.verified_by(key))
    return fail(ErrorKind::kCorrupted, "the nonce is not signed by the platform's key");
  const std::lock_guard lock(mutex_);
  nonce_ = std::move(envelope);
  nonce_until_ = clock_.monotonic() + options_.nonce_lifetime;
  return {};
}

}  // namespace shilu::portal

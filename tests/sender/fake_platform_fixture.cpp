#include <algorithm>
#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/sender/fake_platform.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/time_window.h"

namespace shilu::sender::test {
namespace {

http::Response tus(http::Response response) {
  return std::move(response).with_header("Tus-Resumable", "1.0.0");
}

std::string sha256_in_metadata(std::string_view metadata) {
  const std::string key = "package_sha256 ";
  const auto at = metadata.find(key);
  if (at == std::string_view::npos) return "";
  const auto value = metadata.substr(at + key.size());
  const auto bytes = from_base64(value.substr(0, value.find(',')));
  return bytes ? std::string(as_text(*bytes)) : "";
}

}  // namespace

class FakePlatform::Sink final : public http::BodySink {
 public:
  Sink(FakePlatform& platform, std::string id) : platform_(platform), id_(std::move(id)) {}
  Status write(ByteView bytes) override {
    const std::lock_guard lock(platform_.mutex_);
    platform_.uploads_.at(id_).bytes.append(as_text(bytes));
    return {};
  }
  http::Response finish() override {
    const std::lock_guard lock(platform_.mutex_);
    Upload& upload = platform_.uploads_.at(id_);
    const std::size_t damage = platform_.damage_block_at;
    if (damage != 0 && upload.bytes.size() >= damage) {
      platform_.damage_block_at = 0;
      constexpr std::size_t kBlock = 8u << 20;
      upload.bytes.resize((damage - 1) / kBlock * kBlock);
      return tus(http::problem(460, "block-damaged", "A block arrived damaged."));
    }
    return tus(http::no_content()).with_header("Upload-Offset", std::to_string(upload.bytes.size()));
  }
  void aborted() override {}

 private:
  FakePlatform& platform_;
  const std::string id_;
};

FakePlatform::FakePlatform() {
  add_routes();
  REQUIRE(server_.start());
}

std::string FakePlatform::url() const {
  return "http://127.0.0.1:" + std::to_string(server_.port());
}

FakePlatform::Answer FakePlatform::before(const std::string& call, const http::Request& request) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
  }
  if (interfere) {
    if (auto answer = interfere(call, request)) return answer;
  }
  const std::lock_guard lock(mutex_);
  const bool open = call == "info" || call == "nonce" || call == "enrol";
  if (!open && request.header("authorization") != "Bearer " + token_)
    return tus(http::problem(401, "token", "This token is not good."));
  return std::nullopt;
}

http::Response FakePlatform::offer(const http::Request& request) {
  const Json body = parse_json(request.body).value();
  const std::string sha256 = body.at("package_sha256");
  const std::lock_guard lock(mutex_);
  for (const auto& [id, upload] : uploads_) {
    if (upload.sha256 != sha256) continue;
    if (upload.bytes.size() == upload.size) return http::json(200, {{"answer", "verifying"}});
    return http::json(
        200, {{"answer", "resume"}, {"upload_url", "/files/" + id}, {"offset", upload.bytes.size()}});
  }
  return http::json(200, {{"answer", "send"}, {"endpoint", "/files"}});
}

http::Response FakePlatform::create(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  Upload upload;
  upload.id = std::to_string(order_.size() + 1);
  upload.sha256 = sha256_in_metadata(request.header("upload-metadata"));
  upload.size = std::stoull(std::string(request.header("upload-length")));
  order_.push_back(upload.id);
  uploads_[upload.id] = upload;
  http::Response created = tus(http::no_content());
  created.status = 201;
  return std::move(created).with_header("Location", "/files/" + upload.id);
}

http::Response FakePlatform::state(const http::Request& request) {
  const std::string sha256(request.parameter("sha256"));
  const std::lock_guard lock(mutex_);
  for (const auto& [id, upload] : uploads_) {
    if (upload.sha256 != sha256 || upload.bytes.size() != upload.size) continue;
    if (forget_after_upload) {
      uploads_.erase(id);
      break;
    }
    Json state = {{"state", "verifying"},
                  {"offset", upload.size},
                  {"reasons", Json::array()},
                  {"receipt", nullptr},
                  {"verdict", nullptr}};
    if (asked_[sha256]++ < verifying_questions) return http::json(200, state);
    evidence::Receipt receipt;
    receipt.number = "R-2026-" + id;
    receipt.package_sha256 = digest_from_hex(sha256).value();
    receipt.size_bytes = upload.size;
    receipt.received_utc = "2026-11-27T08:00:00Z";
    receipt.platform = "fake";
    state["state"] = "acknowledged";
    state["receipt"] = parse_json(evidence::sign_receipt(receipt, key_).value().to_json()).value();
    return http::json(200, state);
  }
  return http::problem(404, "not-found", "Nothing of it is here.");
}

std::variant<std::unique_ptr<http::BodySink>, http::Response> FakePlatform::patch(
    const http::Request& request) {
  if (auto answer = before("patch", request)) return std::move(*answer);
  if (refuse_bodies_over != 0 && request.content_length().value_or(0) > refuse_bodies_over)
    return http::text(413, "<html>too large</html>");
  const std::string id(request.parameter("id"));
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) return tus(http::problem(404, "not-found", "There is no such upload."));
  if (request.header("upload-offset") != std::to_string(found->second.bytes.size()))
    return tus(http::problem(409, "offset", "Another offset."));
  return std::make_unique<Sink>(*this, id);
}

void FakePlatform::add_routes() {
  const auto route = [this](const char* method, const char* pattern, const char* call, auto handler) {
    server_.route(method, pattern, [this, call, handler](const http::Request& request) {
      if (auto answer = before(call, request)) return std::move(*answer);
      return handler(request);
    });
  };
  route("GET", "/api/v1/platform", "info", [this](const http::Request&) {
    return http::json(200, {{"name", "fake"},
                            {"version", "1"},
                            {"tus", {{"version", "1.0.0"}, {"max_size", 0}, {"endpoint", "/files"}}},
                            {"receipt_key_pem", key_.public_key().pem()},
                            {"identity_key", to_base64(Bytes(32, 7))}});
  });
  route("GET", "/api/v1/platform/nonce", "nonce", [this](const http::Request&) {
    const auto nonce = evidence::sign_nonce({{}, SystemClock().wall(), "fake"}, key_);
    return http::json(200, parse_json(nonce.value().to_json()).value());
  });
  route("POST", "/api/v1/devices", "enrol", [this](const http::Request&) {
    const std::lock_guard lock(mutex_);
    return http::json(201, {{"device_id", "d-1"}, {"token", token_}});
  });
  route("POST", "/api/v1/submissions", "offer",
        [this](const http::Request& request) { return offer(request); });
  route("GET", "/api/v1/submissions/{sha256}", "state",
        [this](const http::Request& request) { return state(request); });
  route("POST", "/files", "create", [this](const http::Request& request) { return create(request); });
  route("HEAD", "/files/{id}", "head", [this](const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(std::string(request.parameter("id")));
    if (found == uploads_.end()) return tus(http::problem(404, "not-found", "There is no such upload."));
    return tus(http::Response{}).with_header("Upload-Offset", std::to_string(found->second.bytes.size()));
  });
  route("DELETE", "/files/{id}", "delete", [this](const http::Request& request) {
    const std::lock_guard lock(mutex_);
    uploads_.erase(std::string(request.parameter("id")));
    return tus(http::no_content());
  });
  server_.upload("PATCH", "/files/{id}", [this](const http::Request& request) { return patch(request); });
}

std::vector<std::string> FakePlatform::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

int FakePlatform::count(const std::string& call) const {
  const auto all = calls();
  return static_cast<int>(std::count(all.begin(), all.end(), call));
}

std::vector<FakePlatform::Upload> FakePlatform::uploads() const {
  const std::lock_guard lock(mutex_);
  std::vector<Upload> list;
  for (const std::string& id : order_) {
    if (const auto found = uploads_.find(id); found != uploads_.end()) list.push_back(found->second);
  }
  return list;
}

void FakePlatform::new_token() {
  const std::lock_guard lock(mutex_);
  token_ += "x";
}

}  // namespace shilu::sender::test

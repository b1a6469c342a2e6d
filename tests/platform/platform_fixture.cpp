#include "tests/platform/platform_fixture.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/base/test_keys.h"
#include "upload/evidence/enrolment_proof.h"

namespace shilu::test {

Json Answer::json() const {
  return parse_json(body).value_or(Json(nullptr));
}

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Answer Caller::call(const std::string& method, const std::string& path, const std::string& body,
                    Headers headers) {
  http::ClientRequest request;
  request.method = method;
  request.url = base_ + path;
  request.headers = std::move(headers);
  request.body = body;
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  auto response = must(client_.perform(request));
  return {response.status, std::move(response.headers), std::move(response.body)};
}

RunningPlatform::RunningPlatform(int assessors) {
  settings.directory = directory();
  settings.www = home() / "www";
  settings.name = "测试平台";
  settings.claim = "CLAIM";
  settings.port = 0;
  settings.reserve = 1'000'000;
  settings.password_cost = kCheapPassword;
  must(posix_file_system().create_directories(settings.www));
  must(write_file_atomic(settings.www / "index.html", as_bytes("<!doctype html>page")));
  write_accounts(assessors);
  start();
}

RunningPlatform::~RunningPlatform() = default;

void RunningPlatform::write_accounts(int assessors) {
  Json list = Json::array();
  for (int i = 1; i <= assessors; ++i) {
    const std::string id = fmt::format("E{:02}", i);
    list.push_back({{"id", id}, {"name", "评审" + id}, {"pin", "pin-" + id}});
  }
  must(write_file_atomic(home() / "accounts.json", as_bytes(canonical_json({{"assessors", list}}))));
}

void RunningPlatform::start() {
  auto catalogue = must(config::parse_catalogue(config::default_catalogue_json()));
  platform_ =
      must(platform::Platform::start(settings, std::move(catalogue), home() / "accounts.json", clock));
}

void RunningPlatform::stop() {
  platform_.reset();
}

std::string RunningPlatform::url() const {
  return fmt::format("http://127.0.0.1:{}", platform_->port());
}

Caller RunningPlatform::device(const std::filesystem::path& keys, const std::string& name) const {
  const CertifiedKey key = test::certified(keys, KeyRole::kSeal);
  const Answer answer = anybody().post("/api/v1/devices", enrolment(key.certificate, key.key, name));
  if (answer.status != 201) throw std::runtime_error(answer.body);
  return Caller(url(), must(json_string(answer.json(), "token")));
}

Json RunningPlatform::enrolment(const KeyCertificate& certificate, const SigningKey& signer,
                                const std::string& name) const {
  auto nonce = must(DsseEnvelope::from_json(anybody().get("/api/v1/platform/nonce").body));
  const auto proof = must(evidence::sign_enrolment({certificate.device_id, name, "CLAIM", std::move(nonce)}, signer));
  return {{"device_key_pem", certificate.device_key.pem()},
          {"name", name},
          {"claim", "CLAIM"},
          {"certificate", must(parse_json(certificate.envelope.to_json()))},
          {"proof", must(parse_json(proof.to_json()))}};
}

Caller RunningPlatform::assessor(const std::string& id) const {
  const Answer answer = anybody().post("/api/v1/session", {{"assessor", id}, {"pin", "pin-" + id}});
  if (answer.status != 200) throw std::runtime_error(answer.body);
  return Caller(url(), must(json_string(answer.json(), "token")));
}

Bytes RunningPlatform::identity_key() const {
  return must(from_base64(must(json_string(anybody().get("/api/v1/platform").json(), "identity_key"))));
}

PublicKey RunningPlatform::receipt_key() const {
  return must(
      PublicKey::from_pem(must(json_string(anybody().get("/api/v1/platform").json(), "receipt_key_pem"))));
}

Made make_package(const RunningPlatform& platform, const std::string& name, const MakeOptions& options) {
  const auto catalogue = must(config::parse_catalogue(config::default_catalogue_json()));
  const std::filesystem::path keys = platform.home() / "keys";
  TinyRecipe recipe;
  if (options.signed_in) recipe.signed_in = teacher_wang();
  Mark mark;
  mark.id = "00000000-0000-4000-8000-000000000001";
  mark.point = "A6";
  mark.at = LessonTime::from_ms(2500);
  mark.look_back = mark.look_ahead = std::chrono::seconds(1);
  recipe.marks = {mark};
  recipe.hole_ms = {{2000, 2600}};
  const TinyLesson lesson = write_tiny_lesson(platform.home() / ("lesson-" + name), keys, recipe);
  evidence::PackageRequest request = request_of(lesson.directory);
  config::AbilityPoint unknown;
  unknown.code = options.point;
  const config::AbilityPoint* point = catalogue.find(options.point);
  request.point = point == nullptr ? &unknown : point;
  request.catalogue = options.catalogue;
  if (options.identity) request.identity_key = platform.identity_key();
  for (const auto& [field, value] : options.fields) request.fields[field] = value;
  const auto built = build(request, keys, platform.home() / (name + ".zip"));
  return {built.file, keys, to_hex(built.sha256)};
}

Headers tus_headers(Headers more) {
  more.emplace_back("Tus-Resumable", "1.0.0");
  return more;
}

std::string upload_whole(Caller& device, const std::string& bytes, const std::string& announced) {
  Headers headers = tus_headers({{"Upload-Length", std::to_string(bytes.size())}});
  if (!announced.empty())
    headers.emplace_back("Upload-Metadata", "package_sha256 " + to_base64(as_bytes(announced)));
  const Answer created = device.call("POST", "/files", "", headers);
  if (created.status != 201) throw std::runtime_error(created.body);
  const std::string path = created.header("location");
  const Answer sent =
      device.call("PATCH", path, bytes,
                  tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
  if (sent.status != 204) throw std::runtime_error(sent.body);
  return path;
}

Json offer_of(const std::string& bytes, const std::string& point) {
  constexpr std::size_t kBlock = 8u << 20;
  Json blocks = Json::array();
  for (std::size_t at = 0; at < bytes.size(); at += kBlock)
    blocks.push_back(to_hex(sha256(std::string_view(bytes).substr(at, kBlock))));
  return {{"package_sha256", to_hex(sha256(std::string_view(bytes)))},
          {"size_bytes", bytes.size()},
          {"block_size", kBlock},
          {"blocks", std::move(blocks)},
          {"programme", "cn-moe-2.0"},
          {"point", point}};
}

Json final_state(Caller& device, const std::string& sha256) {
  Answer answer;
  const bool done = eventually([&] {
    answer = device.get("/api/v1/submissions/" + sha256);
    if (answer.status != 200) return true;
    const std::string state = must(json_string(answer.json(), "state"));
    return state != "verifying" && state != "receiving";
  });
  if (!done || answer.status != 200)
    throw std::runtime_error(fmt::format("{} {}", answer.status, answer.body));
  return answer.json();
}

Json deliver(Caller& device, const std::filesystem::path& package) {
  const std::string bytes(as_text(read_bytes(package)));
  const std::string digest = to_hex(sha256(std::string_view(bytes)));
  upload_whole(device, bytes, digest);
  return final_state(device, digest);
}

}  // namespace shilu::test

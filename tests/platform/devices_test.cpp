// Enrolment, offers, and what devices are told of their packages.

#include <catch2/catch.hpp>

#include "firmware/base/digest.h"
#include "tests/base/test_keys.h"
#include "tests/platform/platform_fixture.h"
#include "upload/evidence/enrolment_proof.h"

using namespace shilu;
using namespace shilu::test;

namespace {

Json claim_of(const std::string& claim) {
  return {{"device_key_pem", SigningKey::generate().public_key().pem()}, {"name", "room"}, {"claim", claim}};
}

}  // namespace

TEST_CASE("the platform says who it is, with the keys that openssl reads") {
  RunningPlatform platform;
  const Json told = platform.anybody().get("/api/v1/platform").json();
  CHECK(told["name"] == "测试平台");
  CHECK(told["tus"]["version"] == "1.0.0");
  CHECK(told["tus"]["endpoint"] == "/files");
  CHECK(told["tus"]["max_size"] == 20'000'000'000);
  CHECK(PublicKey::from_pem(told["receipt_key_pem"].get<std::string>()));
  CHECK(platform.identity_key().size() == 32);
}

TEST_CASE("a device enrols with the claim code and comes back with a new token") {
  RunningPlatform platform;
  Caller first = platform.device(platform.home() / "keys");
  CHECK(first.get("/api/v1/submissions/" + std::string(64, '0')).status == 404);
  Caller again = platform.device(platform.home() / "keys");
  CHECK(again.token() != first.token());
  CHECK(first.get("/api/v1/submissions/" + std::string(64, '0')).code() == "device-unknown");
  CHECK(again.get("/api/v1/submissions/" + std::string(64, '0')).status == 404);
  platform.restart();
  CHECK(Caller(platform.url(), again.token()).get("/api/v1/submissions/" + std::string(64, '0')).status ==
        404);
}

TEST_CASE("enrolment refuses what is not right, and guessing") {
  RunningPlatform platform;
  Caller peer = platform.anybody();
  Json body = claim_of("CLAIM");
  body["device_key_pem"] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  CHECK(peer.post("/api/v1/devices", body).code() == "device-key");
  body = claim_of("CLAIM");
  body["name"] = "";
  CHECK(peer.post("/api/v1/devices", body).code() == "device-name");
  body["name"] = std::string(129, 'x');
  CHECK(peer.post("/api/v1/devices", body).code() == "device-name");
  body["name"] = 5;
  CHECK(peer.post("/api/v1/devices", body).status == 400);
  CHECK(peer.call("POST", "/api/v1/devices", "{").status == 400);
  CHECK(peer.call("POST", "/api/v1/devices", "[]").status == 400);
  for (int i = 0; i < 10; ++i) CHECK(peer.post("/api/v1/devices", claim_of("GUESS")).code() == "wrong-claim");
  const Answer blocked = peer.post("/api/v1/devices", claim_of("CLAIM"));
  CHECK(blocked.status == 429);
  CHECK(blocked.header("retry-after") == "60");
  platform.clock.advance(std::chrono::seconds(60));
  const auto key = certified(platform.home() / "keys", KeyRole::kSeal);
  CHECK(peer.post("/api/v1/devices", platform.enrolment(key.certificate, key.key, "room")).status == 201);
}

TEST_CASE("who knows the claim code, and a device's public key and certificates, is not the device") {
  RunningPlatform platform;
  Caller device = platform.device(platform.home() / "keys");
  const auto key = certified(platform.home() / "keys", KeyRole::kSeal);
  const auto stranger = certified(platform.home() / "other", KeyRole::kSeal);
  const auto refused = [&](const Json& body) {
    const Answer answer = platform.anybody().post("/api/v1/devices", body);
    INFO(answer.body);
    CHECK(answer.status == 403);
    CHECK(answer.code() == "device-proof");
  };
  refused(platform.enrolment(key.certificate, stranger.key, "room"));
  Json body = platform.enrolment(stranger.certificate, stranger.key, "room");
  body["device_key_pem"] = key.certificate.device_key.pem();
  refused(body);  // its own proof, and somebody else's key
  body = platform.enrolment(key.certificate, key.key, "room");
  body["name"] = "another";
  refused(body);
  body = platform.enrolment(key.certificate, key.key, "room");
  auto nonce = must(DsseEnvelope::from_json(platform.anybody().get("/api/v1/platform/nonce").body));
  const auto lured = must(evidence::sign_enrolment(
      {key.certificate.device_id, "room", "of another platform", std::move(nonce)}, key.key));
  body["proof"] = must(parse_json(lured.to_json()));
  refused(body);
  RunningPlatform elsewhere;
  refused(elsewhere.enrolment(key.certificate, key.key, "room"));
  body = platform.enrolment(key.certificate, key.key, "room");
  platform.clock.advance(std::chrono::minutes(11));
  refused(body);
  body.erase("proof");
  CHECK(platform.anybody().post("/api/v1/devices", body).status == 400);
  CHECK(device.get("/api/v1/submissions/" + std::string(64, '0')).status == 404);  // its token still holds
  CHECK(platform.anybody()
            .post("/api/v1/devices", platform.enrolment(key.certificate, key.key, "room"))
            .status == 201);
}

TEST_CASE("without a token there is nothing for devices") {
  RunningPlatform platform;
  for (const std::string& token : {std::string(), std::string("wrong"), platform.assessor("E01").token()}) {
    Caller peer(platform.url(), token);
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"POST", "/api/v1/submissions"},
             {"GET", "/api/v1/submissions/" + std::string(64, 'a')},
             {"POST", "/files"},
             {"HEAD", "/files/x"},
             {"PATCH", "/files/x"},
             {"DELETE", "/files/x"}}) {
      INFO(method << " " << path);
      CHECK(peer.call(method, path, method == "POST" ? "{}" : "").status == 401);
    }
  }
}

TEST_CASE("an offer is answered by what the platform has of it") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  const std::string bytes(as_text(read_bytes(made.file)));
  Caller device = platform.device(made.keys);
  const auto offer = [&] { return device.post("/api/v1/submissions", offer_of(bytes)).json(); };

  CHECK(offer()["answer"] == "send");
  const Answer created =
      device.call("POST", "/files", "",
                  tus_headers({{"Upload-Length", std::to_string(bytes.size())},
                               {"Upload-Metadata", "package_sha256 " + to_base64(as_bytes(made.sha256))}}));
  CHECK(offer()["answer"] == "resume");
  device.call("PATCH", created.header("location"), bytes.substr(0, 1000),
              tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
  const Json resume = offer();
  CHECK(resume["answer"] == "resume");
  CHECK(resume["upload_url"] == created.header("location"));
  CHECK(resume["offset"] == 1000);
  const Json receiving = device.get("/api/v1/submissions/" + made.sha256).json();
  CHECK(receiving["state"] == "receiving");
  CHECK(receiving["offset"] == 1000);

  device.call("PATCH", created.header("location"), bytes.substr(1000),
              tus_headers({{"Upload-Offset", "1000"}, {"Content-Type", "application/offset+octet-stream"}}));
  CHECK(final_state(device, made.sha256)["state"] == "acknowledged");
  const Json have = offer();
  CHECK(have["answer"] == "have");
  CHECK(have["receipt"]["payloadType"] == "application/vnd.shilu.receipt+json");
}

TEST_CASE("an offer of what was begun and lost on the platform's disk is answered like a first one") {
  RunningPlatform platform;
  const Made made = make_package(platform, "a");
  const std::string bytes(as_text(read_bytes(made.file)));
  Caller device = platform.device(made.keys);
  const Answer created =
      device.call("POST", "/files", "",
                  tus_headers({{"Upload-Length", std::to_string(bytes.size())},
                               {"Upload-Metadata", "package_sha256 " + to_base64(as_bytes(made.sha256))}}));
  const std::string path = created.header("location");
  device.call("PATCH", path, bytes.substr(0, 1000),
              tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
  platform.stop();
  std::filesystem::remove(platform.directory() / "uploads" / path.substr(7));
  platform.start();
  Caller again(platform.url(), device.token());
  CHECK(again.post("/api/v1/submissions", offer_of(bytes)).json()["answer"] == "send");
  CHECK(again.call("HEAD", path, "", tus_headers()).status == 404);
}

TEST_CASE("offers that cannot be taken are refused before a byte is sent") {
  RunningPlatform platform;
  platform.settings.max_package = 1'000'000;
  platform.restart();
  Caller device = platform.device(platform.home() / "keys");
  const auto refused = [&](const Json& offer) { return device.post("/api/v1/submissions", offer); };
  CHECK(refused(offer_of(std::string(1'000'001, 'x'))).code() == "too-large");
  CHECK(refused(offer_of(std::string(1'000'001, 'x'))).status == 413);
  const Answer point = refused(offer_of("package", "Z99"));
  CHECK(point.status == 422);
  CHECK(point.code() == "point-unknown");
  Json offer = offer_of("package");
  offer["package_sha256"] = "../../../etc/passwd";
  CHECK(refused(offer).status == 400);
  CHECK(device.call("POST", "/api/v1/submissions", "").status == 400);
}

TEST_CASE("an upload of one device is not there for another") {
  RunningPlatform platform;
  const std::string bytes = "not a package";
  const std::string digest = to_hex(sha256(std::string_view(bytes)));
  Caller mine = platform.device(platform.home() / "mine");
  Caller other = platform.device(platform.home() / "other");
  const std::string path =
      mine.call("POST", "/files", "",
                tus_headers({{"Upload-Length", "13"},
                             {"Upload-Metadata", "package_sha256 " + to_base64(as_bytes(digest))}}))
          .header("location");
  CHECK(mine.call("HEAD", path, "", tus_headers()).status == 200);
  CHECK(other.call("HEAD", path, "", tus_headers()).status == 404);
  CHECK(other.call("DELETE", path, "", tus_headers()).status == 404);
  CHECK(other
            .call("PATCH", path, bytes,
                  tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}))
            .status == 404);
  CHECK(mine.get("/api/v1/submissions/" + digest).status == 200);
  CHECK(other.get("/api/v1/submissions/" + digest).status == 404);
  CHECK(other.post("/api/v1/submissions", offer_of(bytes)).json()["answer"] == "send");
}

TEST_CASE("time stamps do not eat the disk's reserve") {
  RunningPlatform platform;
  Caller device = platform.device(platform.home() / "keys");
  const Json body{{"package_sha256", std::string(64, 'a')}, {"reply", to_base64(as_bytes("reply"))}};
  CHECK(device.post("/api/v1/devices/time-stamps", body).status == 204);
  platform.settings.reserve = 1'000'000'000'000'000;
  platform.restart();
  Caller again(platform.url(), device.token());
  CHECK(again.post("/api/v1/devices/time-stamps", body).status == 507);
}

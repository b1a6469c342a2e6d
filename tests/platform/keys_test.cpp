// What the platform keeps of the keys of its devices, and what it makes of packages by them.

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/test_keys.h"
#include "tests/platform/platform_fixture.h"
#include "upload/evidence/revocation.h"

using namespace shilu;
using namespace shilu::test;

namespace {

Json as_json(const KeyCertificate& certificate) {
  return must(parse_json(certificate.envelope.to_json()));
}
Json certificates(std::initializer_list<KeyCertificate> list) {
  Json json = Json::array();
  for (const auto& one : list) json.push_back(as_json(one));
  return {{"certificates", std::move(json)}};
}

Caller operator_of(const RunningPlatform& platform) {
  auto token = must(read_text_file(platform.directory() / "keys/operator.token"));
  token.pop_back();
  return Caller(platform.url(), token);
}

Json key_of(const Json& fleet, const std::string& id) {
  for (const Json& device : fleet["devices"]) {
    for (const Json& key : device["keys"]) {
      if (key["key_id"] == id) return key;
    }
  }
  return nullptr;
}

}  // namespace

TEST_CASE("the platform keeps every key that a device shows, with its level and its end") {
  RunningPlatform platform;
  const auto keys = platform.home() / "keys";
  Caller device = platform.device(keys);
  const auto seal = certified(keys, KeyRole::kSeal).certificate;
  CHECK(device.post("/api/v1/devices/keys", certificates({seal})).status == 204);
  CHECK(device.post("/api/v1/devices/keys", certificates({seal})).status == 204);  // again: the same
  const Json fleet = operator_of(platform).get("/api/v1/fleet/devices").json();
  REQUIRE(fleet["devices"].size() == 1);
  CHECK(fleet["devices"][0]["name"] == "八(2)班教室");
  const Json shown = key_of(fleet, seal.key.id());
  CHECK(shown["role"] == "seal");
  CHECK(shown["key_level"] == "software");
  CHECK(shown["not_after_utc"] == "2028-05-27T20:26:40.000Z");
  CHECK(shown["revoked_utc"].is_null());
  CHECK(key_of(fleet, seal.device_key.id())["role"] == "device");

  const auto foreign = certified(platform.home() / "other", KeyRole::kSeal).certificate;
  CHECK(device.post("/api/v1/devices/keys", certificates({foreign})).status == 403);
}

TEST_CASE("a device's new key is known by the endorsement of the old one, with the same token") {
  RunningPlatform platform;
  const auto keys = platform.home() / "keys";
  Caller device = platform.device(keys);
  const Made before = make_package(platform, "before");
  const ManualClock clock;
  must(rotate_device_key(keys, {"", &clock}));
  const auto seal = certified(keys, KeyRole::kSeal).certificate;
  CHECK(device.post("/api/v1/devices/keys", certificates({seal})).status == 204);
  const Json key = key_of(operator_of(platform).get("/api/v1/fleet/devices").json(), seal.device_key.id());
  CHECK(key["role"] == "device");
  // Both what was packed with the old keys and what is packed with the new are taken.
  const Made after = make_package(platform, "after");
  for (const Made& made : {before, after}) {
    const std::string bytes(as_text(must(read_file(made.file))));
    upload_whole(device, bytes, made.sha256);
    CHECK(final_state(device, made.sha256)["state"] == "acknowledged");
  }
}

TEST_CASE("only the operator sees the fleet and revokes; the list that everybody gets is signed") {
  RunningPlatform platform;
  const std::string id = "sha256:" + std::string(64, 'a');
  const Json body{{"key_id", id}, {"reason", "stolen"}, {"revoked_utc", "2026-05-01T00:00:00.000Z"}};
  const std::string of_device = platform.device(platform.home() / "keys").token();
  for (const std::string& token : {std::string(), platform.assessor("E01").token(), of_device}) {
    Caller peer(platform.url(), token);
    CHECK(peer.get("/api/v1/fleet/devices").status == 401);
    CHECK(peer.post("/api/v1/fleet/revocations", body).status == 401);
  }
  Caller chief = operator_of(platform);
  CHECK(chief.post("/api/v1/fleet/revocations", {{"key_id", "x"}, {"reason", "stolen"}}).code() == "key-id");
  CHECK(chief.post("/api/v1/fleet/revocations", {{"key_id", id}, {"reason", ""}}).code() == "reason");
  CHECK(chief.post("/api/v1/fleet/revocations", body).status == 204);
  // A later revocation of the same key does not make it better.
  CHECK(chief.post("/api/v1/fleet/revocations", {{"key_id", id}, {"reason", "again"}}).status == 204);
  const auto envelope =
      must(DsseEnvelope::from_json(platform.anybody().get("/api/v1/platform/revocations").body));
  const auto list = must(evidence::open_revocations(envelope, platform.receipt_key()));
  REQUIRE(list.revoked.size() == 1);
  CHECK(list.revoked[0].reason == "stolen");
  CHECK(to_rfc3339(list.revoked[0].revoked) == "2026-05-01T00:00:00.000Z");
  CHECK(list.platform == "测试平台");
}

TEST_CASE("a package sealed by a revoked key is not taken") {
  RunningPlatform platform;
  const auto keys = platform.home() / "keys";
  Caller device = platform.device(keys);
  const Made made = make_package(platform, "one");
  const auto seal = certified(keys, KeyRole::kSeal).certificate;
  // Sealed at 2026-05-28T20:26:40Z. Revoked before that, or after: without a time stamp nothing proves which.
  const std::string when = GENERATE("2026-05-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z");
  CHECK(operator_of(platform)
            .post("/api/v1/fleet/revocations",
                  {{"key_id", seal.key.id()}, {"reason", "stolen"}, {"revoked_utc", when}})
            .status == 204);
  upload_whole(device, std::string(as_text(must(read_file(made.file)))), made.sha256);
  const Json state = final_state(device, made.sha256);
  CHECK(state["state"] == "rejected");
  REQUIRE(state["reasons"].size() == 1);
  CHECK(state["reasons"][0]["code"] == "key-revoked");
  CHECK(device.post("/api/v1/devices/keys", certificates({seal})).status == 403);
}

TEST_CASE("a device whose key was revoked cannot enrol again with it") {
  RunningPlatform platform;
  const auto keys = platform.home() / "keys";
  Caller device = platform.device(keys);
  const auto key = certified(keys, KeyRole::kSeal).certificate.device_key;
  CHECK(operator_of(platform)
            .post("/api/v1/fleet/revocations", {{"key_id", key.id()}, {"reason", "lost"}})
            .status == 204);
  const auto seal = certified(keys, KeyRole::kSeal);
  const Json body = platform.enrolment(seal.certificate, seal.key, "room");
  CHECK(platform.anybody().post("/api/v1/devices", body).code() == "key-revoked");
}

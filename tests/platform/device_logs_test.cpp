// The platform and the logs of its devices: what goes on, what was set back, what was forked, and what people
// hear of it.

#include <catch2/catch.hpp>

#include "capture/journal/device_log.h"
#include "firmware/base/file_system.h"
#include "tests/base/test_keys.h"
#include "tests/platform/platform_fixture.h"
#include "upload/evidence/words.h"

using namespace shilu;
using namespace shilu::test;
using journal::DeviceLog;

namespace {

Json as_json(const DsseEnvelope& envelope) {
  return must(parse_json(envelope.to_json()));
}

// A device with a log, that shows it as shilud does.
struct LoggingDevice {
  RunningPlatform& platform;
  std::filesystem::path keys;
  std::filesystem::path directory = keys / "device-log";
  Caller caller = platform.device(keys);
  CertifiedKey key = certified(keys, KeyRole::kSeal);
  ManualClock clock;
  std::unique_ptr<DeviceLog> log = open();

  explicit LoggingDevice(RunningPlatform& of, const char* name = "keys")
      : platform(of), keys(of.home() / name) {}
  std::unique_ptr<DeviceLog> open() {
    return must(DeviceLog::open(posix_file_system(), directory, key, clock));
  }
  void happen(int times) {
    for (int i = 0; i < times; ++i) {
      clock.advance(std::chrono::seconds(1));  // no two things happen at the same time
      must(log->append("boot"));
    }
  }
  Answer show() {
    const auto known = caller.get("/api/v1/devices/log").json();
    const auto head = must(log->head(known["tree_size"].get<std::uint64_t>(), "offer"));
    Json path = Json::array();
    for (const auto& one : head.consistency) path.push_back(to_hex(one));
    return caller.post("/api/v1/devices/log", {{"checkpoint", as_json(head.checkpoint.envelope)},
                                               {"certificate", as_json(head.certificate)},
                                               {"consistency", path}});
  }
  std::string verdict() { return show().json()["verdict"].get<std::string>(); }
  // The disk is put back to what it was.
  void save(const std::string& name) {
    std::filesystem::copy(directory, platform.home() / name, std::filesystem::copy_options::recursive);
  }
  void restore(const std::string& name) {
    log.reset();
    std::filesystem::remove_all(directory);
    std::filesystem::copy(platform.home() / name, directory, std::filesystem::copy_options::recursive);
    log = open();
  }
};

Caller operator_of(const RunningPlatform& platform) {
  auto token = must(read_text_file(platform.directory() / "keys/operator.token"));
  token.pop_back();
  return Caller(platform.url(), token);
}
Json fleet_log(const RunningPlatform& platform) {
  return operator_of(platform).get("/api/v1/fleet/devices").json()["devices"][0]["log"];
}

// docs/ref/attacks.md says just that, in both languages.
bool is_on_page(const std::string& verdict, const std::string& words) {
  const auto page = must(read_text_file(SHILU_SOURCE_DIR "/docs/ref/attacks.md"));
  const auto row = "device-log " + verdict + " | " + words + " | " + evidence::in_chinese(words) + " |";
  return page.find(row) != page.npos && evidence::in_chinese(words) != words;
}

}  // namespace

TEST_CASE("a log that goes on is consistent, each time, also after the platform started again") {
  RunningPlatform platform;
  LoggingDevice device(platform);
  CHECK(fleet_log(platform).is_null());
  for (const int times : {1, 1, 7, 100}) {
    device.happen(times);
    CHECK(device.verdict() == "consistent");
  }
  CHECK(device.verdict() == "consistent");  // nothing new
  platform.restart();
  device.caller = Caller(platform.url(), device.caller.token());
  device.happen(3);
  CHECK(device.verdict() == "consistent");
  const Json log = fleet_log(platform);
  CHECK(log["state"] == "consistent");
  CHECK(log["tree_size"] == 1 + 1 + 112);
}

TEST_CASE("a device that was rolled back to an old image is an alarm, and its packages say so") {
  RunningPlatform platform;
  LoggingDevice device(platform);
  device.happen(2);
  device.save("image");
  device.happen(5);
  CHECK(device.verdict() == "consistent");
  device.restore("image");
  SECTION("seen at once") {
    const Json answer = device.show().json();
    CHECK(answer["verdict"] == "rolled-back");
    CHECK(answer["detail"] ==
          "the device's log had 8 entries at 2026-05-28T20:26:47.000Z, and shows 3 now: the device was set "
          "back to an "
          "older state");
    CHECK(is_on_page("rolled-back", answer["detail"]));
  }
  SECTION("or after it has grown past what was known") {
    device.happen(20);
    const Json answer = device.show().json();
    CHECK(answer["verdict"] == "forked");
    CHECK(answer["detail"] ==
          "the device's log does not contain the 8 entries that it had at 2026-05-28T20:26:47.000Z: it went "
          "on from an "
          "older state, or there are two of this device");
    CHECK(is_on_page("forked", answer["detail"]));
  }
  const Json alarm = fleet_log(platform);
  CHECK(alarm["state"] != "consistent");
  CHECK_FALSE(alarm["detail"].get<std::string>().empty());

  const Made made = make_package(platform, "after");
  upload_whole(device.caller, std::string(as_text(must(read_file(made.file)))), made.sha256);
  const Json state = final_state(device.caller, made.sha256);
  CHECK(state["state"] == "rejected");
  REQUIRE(state["reasons"].size() == 1);
  CHECK(state["reasons"][0]["code"] == "device-log");

  // Somebody has looked: a new disk, say. From here on the new log is the one that must go on.
  const std::string accept = "/api/v1/fleet/devices/" + device.key.certificate.device_id + "/accept-log";
  CHECK(device.caller.post(accept, Json::object()).status == 401);
  CHECK(operator_of(platform).post(accept, Json::object()).status == 204);
  CHECK(fleet_log(platform)["state"] == "consistent");
  device.happen(1);
  CHECK(device.verdict() == "consistent");
  CHECK(operator_of(platform).post(accept, Json::object()).status == 404);
}

TEST_CASE("an alarm is about who sealed a package, and about who brought it") {
  RunningPlatform platform;
  const std::string alarmed = GENERATE("keys", "carrier");  // what is packed is packed with "keys"
  LoggingDevice device(platform, alarmed.c_str());
  device.happen(2);
  device.save("image");
  device.happen(5);
  CHECK(device.verdict() == "consistent");
  device.restore("image");
  CHECK(device.verdict() == "rolled-back");
  if (alarmed == "carrier") platform.device(platform.home() / "keys");
  const ManualClock clock;
  if (GENERATE(false, true)) must(rotate_device_key(platform.home() / "keys", {"", &clock}));

  Caller carrier = platform.device(platform.home() / "carrier", "another room");
  const Json state = deliver(carrier, make_package(platform, "carried").file);
  INFO(state.dump());
  CHECK(state["state"] == "rejected");
  REQUIRE(state["reasons"].size() == 1);
  CHECK(state["reasons"][0]["code"] == "device-log");
}

TEST_CASE("an alarm does not go away by itself, and the good head stays the measure") {
  RunningPlatform platform;
  LoggingDevice device(platform);
  device.happen(5);
  device.save("now");
  CHECK(device.verdict() == "consistent");
  device.log.reset();
  std::filesystem::remove_all(device.directory);
  device.log = device.open();
  device.happen(10);
  const Json answer = device.show().json();
  CHECK(answer["verdict"] == "forked");
  CHECK(answer["detail"] ==
        "the device began another log; the one that is known had 6 entries at 2026-05-28T20:26:45.000Z");
  CHECK(is_on_page("forked", answer["detail"]));
  device.restore("now");
  device.happen(1);
  CHECK(device.verdict() == "forked");  // it goes on, and the other head was there all the same
}

TEST_CASE("a head must be the device's own, by its seal key") {
  RunningPlatform platform;
  LoggingDevice device(platform);
  device.happen(1);
  const auto head = must(device.log->head(0, "offer"));
  const auto body = [&](const DsseEnvelope& checkpoint, const DsseEnvelope& certificate) {
    return Json{{"checkpoint", as_json(checkpoint)},
                {"certificate", as_json(certificate)},
                {"consistency", Json::array()}};
  };
  const auto post = [&](const Json& json) { return device.caller.post("/api/v1/devices/log", json).status; };
  const auto recording = certified(device.keys, KeyRole::kRecording);
  const auto stranger = certified(platform.home() / "other", KeyRole::kSeal);
  const auto& good = head.checkpoint;
  CHECK(post(body(good.envelope, recording.certificate.envelope)) == 403);
  CHECK(post(body(must(sign_checkpoint(good.checkpoint, recording.key)).envelope,
                  recording.certificate.envelope)) == 403);
  CHECK(post(body(must(sign_checkpoint(good.checkpoint, stranger.key)).envelope,
                  stranger.certificate.envelope)) == 403);
  CHECK(post(body(must(sign_checkpoint(good.checkpoint, stranger.key)).envelope, head.certificate)) == 403);
  CHECK(post(Json::object()) == 400);
  Json odd = body(good.envelope, head.certificate);
  odd["consistency"] = {"zz"};
  CHECK(post(odd) == 400);
  CHECK(post(body(good.envelope, head.certificate)) == 200);
}

TEST_CASE("a device that never showed a log is told apart, not refused") {
  RunningPlatform platform;
  Caller device = platform.device(platform.home() / "keys");
  const Made made = make_package(platform, "one");
  upload_whole(device, std::string(as_text(must(read_file(made.file)))), made.sha256);
  CHECK(final_state(device, made.sha256)["state"] == "acknowledged");
}

TEST_CASE("everybody gets a nonce, each time another, signed by the platform") {
  RunningPlatform platform;
  const auto first = must(DsseEnvelope::from_json(platform.anybody().get("/api/v1/platform/nonce").body));
  const auto second = must(DsseEnvelope::from_json(platform.anybody().get("/api/v1/platform/nonce").body));
  const auto nonce = must(evidence::open_nonce(first, platform.receipt_key()));
  CHECK(to_rfc3339(nonce.issued) == "2026-05-28T20:26:40.000Z");
  CHECK(nonce.platform == "测试平台");
  CHECK(nonce.value != must(evidence::open_nonce(second, platform.receipt_key())).value);
}

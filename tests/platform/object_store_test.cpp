// Packages that come through an S3-compatible store: tests/s3/strict_s3.py, which checks signatures and
// digests itself.

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "firmware/base/file_system.h"
#include "firmware/base/unique_fd.h"
#include "tests/base/eventually.h"
#include "tests/http/script_server.h"
#include "tests/platform/platform_fixture.h"
#include "upload/platform/platform_store.h"

using namespace shilu;
using namespace shilu::test;

namespace {

constexpr std::size_t kBlock = 8u << 20;

struct School {
  explicit School(const std::string& store_options = "")
      : store("python3 " SHILU_SOURCE_DIR "/tests/s3/strict_s3.py " + store_options) {
    platform.stop();
    platform.settings.object_store = s3::Bucket{"http://127.0.0.1:" + std::to_string(store.port()),
                                                "lessons",
                                                {"test-access", "test-secret/with+signs", "us-east-1"}};
    platform.start();
    made = make_package(platform, "package");
    bytes = *read_text_file(made.file);
    device.emplace(platform.device(made.keys));
  }

  // It answers at another port afterwards.
  void restart() {
    platform.restart();
    device.emplace(platform.device(made.keys));
  }

  Json offer() {
    Json body = offer_of(bytes);
    body["transports"] = {"tus", "parts"};
    return device->post("/api/v1/submissions", body).json();
  }
  int put(const Json& part, const std::string& content) {
    http::ClientRequest request;
    request.method = "PUT";
    request.url = part.at("url").get<std::string>();
    request.headers = {{"x-amz-content-sha256", part.at("sha256").get<std::string>()}};
    request.body = content;
    const auto response = http.perform(request);
    return response ? response->status : 0;
  }
  // Where the store checks no digest.
  int put_plainly(const Json& part, const std::string& content) {
    http::ClientRequest request;
    request.method = "PUT";
    request.url = part.at("url").get<std::string>();
    request.body = content;
    return must(http.perform(request)).status;
  }
  // An upload that is taken in after the fetching: then a whole round of the background is over.
  void fetching_is_over() {
    const std::string other = "of another " + std::to_string(++others);
    upload_whole(*device, other);
    const std::string beside = "/api/v1/submissions/" + to_hex(sha256(std::string_view(other)));
    CHECK(eventually([&] { return device->get(beside).json().value("state", "") == "rejected"; }));
  }
  std::string block(const Json& part) const {
    return bytes.substr((part.at("number").get<std::size_t>() - 1) * kBlock, kBlock);
  }

  // The object that an upload's parts were joined to. An error where it appears in the middle of the
  // question.
  Result<std::optional<s3::Object>> stored(const std::string& upload_url) {
    SystemClock clock;
    s3::S3Client client(http, *platform.settings.object_store, clock);
    return client.head("incoming/" + upload_url.substr(std::string("/files/").size()) + ".zip");
  }

  // The platform knows that the store has made one object of an upload's parts.
  bool joined_is_known(const std::string& upload_url) {
    auto rows = must(platform::PlatformStore::open(platform.directory() / "platform.sqlite", platform.clock));
    const auto object = must(rows.object_upload(upload_url.substr(std::string("/files/").size())));
    return object && object->joined;
  }

  http::test::ScriptServer store;
  RunningPlatform platform{3};
  Made made;
  std::string bytes;
  std::optional<Caller> device;
  http::Client http;
  int others = 0;
};

}  // namespace

TEST_CASE("a package comes through the store, block by block, and is verified and receipted like any other") {
  School school;
  const Json asked = school.offer();
  REQUIRE(asked.value("answer", "") == "parts");
  CHECK(asked.at("part_size") == kBlock);
  REQUIRE(asked.at("parts").size() == (school.bytes.size() + kBlock - 1) / kBlock);
  for (const Json& part : asked.at("parts")) CHECK(school.put(part, school.block(part)) == 200);
  CHECK(school.offer().value("answer", "") == "verifying");
  const Json state = final_state(*school.device, school.made.sha256);
  INFO(state.dump());
  CHECK(state.value("state", "") == "acknowledged");
  CHECK(school.offer().value("answer", "") == "have");
}

TEST_CASE("the store takes nothing else at a part's URL than the block that was offered") {
  School school;
  const Json asked = school.offer();
  const Json& part = asked.at("parts").at(0);
  std::string other = school.block(part);
  other[other.size() / 2] ^= 1;
  CHECK(school.put(part, other) == 400);
  CHECK(school.offer().at("parts").size() == asked.at("parts").size());
}

TEST_CASE("an offer that is repeated names what is still missing") {
  School school;
  REQUIRE(school.offer().at("parts").size() == 1);
  CHECK(school.offer().at("parts").size() == 1);
  school.restart();
  const Json asked = school.offer();
  REQUIRE(asked.at("parts").size() == 1);
  CHECK(school.put(asked.at("parts").at(0), school.bytes) == 200);
  school.restart();
  CHECK(school.offer().value("answer", "") == "verifying");
}

TEST_CASE("a device that knows no parts goes on by tus") {
  School school;
  CHECK(school.device->post("/api/v1/submissions", offer_of(school.bytes)).json().value("answer", "") ==
        "send");
  CHECK(deliver(*school.device, school.made.file).value("state", "") == "acknowledged");
}

TEST_CASE("what was begun by tus goes on by tus, also by a device that takes parts") {
  School school;
  const Headers creation = {{"Upload-Length", std::to_string(school.bytes.size())},
                            {"Upload-Metadata", "package_sha256 " + to_base64(as_bytes(school.made.sha256))}};
  REQUIRE(school.device->post("/api/v1/submissions", offer_of(school.bytes)).status == 200);
  const auto created = school.device->call("POST", "/files", "", tus_headers(creation));
  REQUIRE(created.status == 201);
  const std::string path(created.header("location"));
  const auto sent = school.device->call(
      "PATCH", path, school.bytes.substr(0, 1000),
      tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
  REQUIRE(sent.status == 204);
  const Json answer = school.offer();
  CHECK(answer.value("answer", "") == "resume");
  CHECK(answer.value("offset", 0) == 1000);
}

TEST_CASE("what went on by tus is not asked for by parts again") {
  School school;
  const Json asked = school.offer();
  const std::string path = asked.value("upload_url", "");
  const auto sent = school.device->call(
      "PATCH", path, school.bytes.substr(0, 1000),
      tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
  REQUIRE(sent.status == 204);
  if (GENERATE(false, true)) school.restart();
  const Json answer = school.offer();
  CHECK(answer.value("answer", "") == "resume");
  CHECK(answer.value("upload_url", "") == path);
  CHECK(answer.value("offset", 0) == 1000);
  const auto rest = school.device->call(
      "PATCH", path, school.bytes.substr(1000),
      tus_headers({{"Upload-Offset", "1000"}, {"Content-Type", "application/offset+octet-stream"}}));
  CHECK(rest.status == 204);
  CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
}

TEST_CASE("a store that joins slowly makes no request wait, and nothing is sent again") {
  School school("--join-takes 2");
  const Json asked = school.offer();
  REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
  const auto began = std::chrono::steady_clock::now();
  const auto state = [&] {
    return school.device->get("/api/v1/submissions/" + school.made.sha256).json().value("state", "");
  };
  CHECK(school.offer().value("answer", "") == "verifying");
  CHECK(school.offer().value("answer", "") == "verifying");
  CHECK(state() == "verifying");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
  CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
}

TEST_CASE(
    "a store that takes its time holds up no stop of the platform, and nothing is sent again after it") {
  School school("--join-takes 8");
  const Json asked = school.offer();
  REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
  REQUIRE(school.offer().value("answer", "") == "verifying");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // the joining has begun
  const auto began = std::chrono::steady_clock::now();
  school.restart();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  CHECK(school.offer().value("answer", "") == "verifying");
}

TEST_CASE("a store that hangs takes no more than half of the platform") {
  RunningPlatform platform;
  platform.stop();
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener.get(), 64) == 0);  // and nobody accepts
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  platform.settings.object_store = s3::Bucket{"http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                                              "lessons",
                                              {"access", "secret", "us-east-1"}};
  platform.start();
  const Caller device = platform.device(platform.home() / "keys");
  std::atomic<int> sent_away = 0;
  std::vector<std::jthread> offers;
  for (int i = 0; i < 16; ++i) {
    offers.emplace_back([&, i] {
      Json body = offer_of("package " + std::to_string(i));
      body["transports"] = {"tus", "parts"};
      if (Caller(platform.url(), device.token()).post("/api/v1/submissions", body).status == 503) ++sent_away;
    });
  }
  CHECK(eventually([&] { return sent_away == 12; }));  // the others wait, for 30 s
  const auto began = std::chrono::steady_clock::now();
  CHECK(platform.anybody().get("/api/v1/platform").status == 200);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  listener.reset();  // ends the waiting
}

TEST_CASE("what was joined is known again, though its answer never came") {
  School school;
  const Json asked = school.offer();
  REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
  const std::string id = asked.value("upload_url", "").substr(std::string("/files/").size());
  school.platform.stop();
  {
    auto store = must(platform::PlatformStore::open(school.platform.directory() / "platform.sqlite",
                                                    school.platform.clock));
    const auto object = must(store.object_upload(id));
    REQUIRE(object);
    CHECK(object->key == "incoming/" + id + ".zip");
    SystemClock clock;
    s3::S3Client client(school.http, *school.platform.settings.object_store, clock);
    const auto parts = must(client.parts(object->key, object->store_upload_id));
    must(client.complete(object->key, object->store_upload_id, parts, school.bytes.size()));
  }
  school.platform.start();
  school.device.emplace(school.platform.device(school.made.keys));
  if (GENERATE(true, false)) {
    CHECK(school.offer().value("answer", "") == "verifying");
    CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
  } else {  // given up, it does not stay in the store
    REQUIRE(school.device->call("DELETE", "/files/" + id, "", tus_headers()).status == 204);
    CHECK_FALSE(must(school.stored(asked.value("upload_url", ""))));
  }
}

TEST_CASE("a device that gives up frees what lies in the store") {
  School school;
  const Json asked = school.offer();
  REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
  const std::string upload = asked.value("upload_url", "");
  REQUIRE(school.device->call("DELETE", upload, "", tus_headers()).status == 204);
  CHECK(school.put(asked.at("parts").at(0), school.bytes) == 404);  // NoSuchUpload
  CHECK(school.device->call("DELETE", upload, "", tus_headers()).status == 404);
  CHECK(school.offer().at("parts").size() == 1);
}

TEST_CASE("a device that no longer reaches the store goes on by tus, and what the store has already counts") {
  School school;
  const Json asked = school.offer();
  CHECK(school.device->post("/api/v1/submissions", offer_of(school.bytes)).json().value("answer", "") ==
        "resume");
  REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
  REQUIRE(school.offer().value("answer", "") == "verifying");
  const auto state =
      school.device->post("/api/v1/submissions", offer_of(school.bytes)).json().value("answer", "");
  CHECK((state == "verifying" || state == "have"));
}

TEST_CASE("a store that takes no digest in a URL is told so to the device") {
  School school("--plain-urls");
  if (GENERATE(false, true)) {  // by hand; else the store's own answer tells it
    school.platform.settings.presigned_digest = s3::PresignedDigest::kLeftOut;
    school.restart();
  }
  const Json asked = school.offer();
  CHECK(asked.at("digest_signed") == false);
  CHECK(school.put_plainly(asked.at("parts").at(0), school.bytes) == 200);
  CHECK(school.offer().value("answer", "") == "verifying");
}

TEST_CASE("what the store has lost or altered is forgotten, and the device sends it again") {
  School school("--plain-urls");
  school.platform.settings.presigned_digest = s3::PresignedDigest::kLeftOut;
  school.restart();
  const Json asked = school.offer();
  const auto state = [&] { return school.device->get("/api/v1/submissions/" + school.made.sha256).status; };
  SECTION("altered") {
    std::string other = school.bytes;
    other[other.size() / 2] ^= 1;
    REQUIRE(school.put_plainly(asked.at("parts").at(0), other) == 200);
    REQUIRE(school.offer().value("answer", "") == "verifying");
  }
  SECTION("lost") {
    school.platform.stop();
    auto store = must(platform::PlatformStore::open(school.platform.directory() / "platform.sqlite",
                                                    school.platform.clock));
    must(store.set_joined(asked.value("upload_url", "").substr(std::string("/files/").size())));
    school.platform.start();
    school.device.emplace(school.platform.device(school.made.keys));
  }
  CHECK(eventually([&] { return state() == 404; }));
  const Json again = school.offer();
  REQUIRE(again.value("answer", "") == "parts");
  CHECK(school.put_plainly(again.at("parts").at(0), school.bytes) == 200);
  CHECK(school.offer().value("answer", "") == "verifying");
  CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
}

TEST_CASE("what something in front of the store answers costs nothing that was begun") {
  const std::string status = GENERATE("404", "200");
  INFO(status);
  TemporaryDirectory folder;
  const auto front = folder / "front";
  School school("--front " + front.string());
  const Json asked = school.offer();
  const std::string upload = asked.value("upload_url", "");
  must(write_file_atomic(front, as_bytes(status)));
  Json body = offer_of(school.bytes);
  body["transports"] = {"parts"};
  CHECK(school.device->post("/api/v1/submissions", body).status == 503);
  SECTION("parts") {
    std::filesystem::remove(front);
    CHECK(school.offer().value("upload_url", "") == upload);
    CHECK(school.put(asked.at("parts").at(0), school.bytes) == 200);
    CHECK(school.offer().value("answer", "") == "verifying");
  }
  SECTION("a joined object") {
    school.platform.settings.reserve = 1'000'000'000'000'000;  // nothing is fetched for now
    std::filesystem::remove(front);
    REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
    school.restart();
    REQUIRE(school.offer().value("answer", "") == "verifying");
    REQUIRE(eventually([&] { return school.joined_is_known(upload); }));
    school.platform.stop();
    school.platform.settings.reserve = 1'000'000;
    must(write_file_atomic(front, as_bytes(status)));
    school.restart();
    school.fetching_is_over();
    CHECK(school.device->get("/api/v1/submissions/" + school.made.sha256).json().value("state", "") ==
          "verifying");
    std::filesystem::remove(front);
    school.restart();
  }
  CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
}

TEST_CASE("the reserve of the disk holds for what comes by parts") {
  School school;
  const auto reserve = school.platform.settings.reserve;
  const auto no_room = [&] {
    school.platform.settings.reserve = 1'000'000'000'000'000;
    school.restart();
  };
  const auto offer = [&] {
    Json body = offer_of(school.bytes);
    body["transports"] = {"tus", "parts"};
    return school.device->post("/api/v1/submissions", body);
  };
  SECTION("when they are asked for") {
    no_room();
    CHECK(offer().status == 507);
    CHECK(offer().code() == "no-space");
  }
  SECTION("when they are fetched") {
    const Json asked = school.offer();
    REQUIRE(school.put(asked.at("parts").at(0), school.bytes) == 200);
    // An upload that is taken in after the fetching: then a whole round of the background is over.
    const std::string path =
        school.device->call("POST", "/files", "", tus_headers({{"Upload-Length", "1"}})).header("location");
    no_room();
    REQUIRE(offer().json().value("answer", "") == "verifying");
    REQUIRE(eventually([&] { return school.joined_is_known(asked.value("upload_url", "")); }));
    school.device->call(
        "PATCH", path, "x",
        tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}));
    const std::string beside = "/api/v1/submissions/" + to_hex(sha256(std::string_view("x")));
    CHECK(eventually([&] { return school.device->get(beside).json().value("state", "") == "rejected"; }));
    CHECK(school.device->get("/api/v1/submissions/" + school.made.sha256).json().value("offset", -1) == 0);
    school.platform.settings.reserve = reserve;
    school.restart();
    CHECK(final_state(*school.device, school.made.sha256).value("state", "") == "acknowledged");
  }
}

TEST_CASE("a store that is away is told as a moment to wait, not as the device's fault") {
  School school;
  school.platform.settings.object_store->endpoint = "http://127.0.0.1:9";  // the discard port: nobody listens
  school.restart();
  Json body = offer_of(school.bytes);
  body["transports"] = {"parts"};
  CHECK(school.device->post("/api/v1/submissions", body).status == 503);
}

// tus 1.0.0 as its specification words it: https://tus.io/protocols/resumable-upload (core, creation,
// termination, expiration).

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/eventually.h"
#include "tests/platform/platform_fixture.h"

using namespace shilu;
using namespace shilu::test;

namespace {

Headers patch_headers(const std::string& offset) {
  return tus_headers({{"Upload-Offset", offset}, {"Content-Type", "application/offset+octet-stream"}});
}

struct Receiver {
  RunningPlatform platform;
  Caller device = platform.device(platform.home() / "keys");
  Answer create(const std::string& length, const std::string& metadata = "") {
    Headers headers = tus_headers({{"Upload-Length", length}});
    if (!metadata.empty()) headers.emplace_back("Upload-Metadata", metadata);
    return device.call("POST", "/files", "", headers);
  }
  std::string created(const std::string& length) { return create(length).header("location"); }
  Answer patch(const std::string& path, const std::string& offset, const std::string& body) {
    return device.call("PATCH", path, body, patch_headers(offset));
  }
  std::string offset(const std::string& path) {
    return device.call("HEAD", path, "", tus_headers()).header("upload-offset");
  }
};

}  // namespace

TEST_CASE("OPTIONS tells the version, the extensions and the largest size to anybody") {
  Receiver receiver;
  const Answer answer = receiver.platform.anybody().call("OPTIONS", "/files");
  CHECK(answer.status == 204);
  CHECK(answer.header("tus-version") == "1.0.0");
  CHECK(answer.header("tus-extension") == "creation,termination,expiration");
  CHECK(answer.header("tus-max-size") == "20000000000");
}

TEST_CASE("an upload is created, told, appended to and told again") {
  Receiver receiver;
  const std::string metadata = "filename cC56aXA=,is_draft";
  const Answer created = receiver.create("10", metadata);
  CHECK(created.status == 201);
  CHECK(created.header("tus-resumable") == "1.0.0");
  CHECK(created.header("upload-expires") == "Fri, 29 May 2026 02:26:40 GMT");  // date -u -d @1780021600
  const std::string path = created.header("location");
  const Answer head = receiver.device.call("HEAD", path, "", tus_headers());
  CHECK(head.status == 200);
  CHECK(head.header("upload-offset") == "0");
  CHECK(head.header("upload-length") == "10");
  CHECK(head.header("upload-metadata") == metadata);
  CHECK(head.header("cache-control") == "no-store");
  CHECK(head.header("tus-resumable") == "1.0.0");
  const Answer patched = receiver.patch(path, "0", "01234");
  CHECK(patched.status == 204);
  CHECK(patched.header("upload-offset") == "5");
  // 6 hours without a byte, 7 days from the last one on.
  CHECK(patched.header("upload-expires") == "Thu, 04 Jun 2026 20:26:40 GMT");  // date -u -d @1780604800
  CHECK(receiver.device.call("HEAD", path, "", tus_headers()).header("upload-expires") ==
        patched.header("upload-expires"));
  CHECK(receiver.patch(path, "5", "").header("upload-offset") == "5");
  CHECK(receiver.offset(path) == "5");
  CHECK(receiver.patch(path, "5", "56789").header("upload-offset") == "10");
}

TEST_CASE("creation refuses lengths that are none, too large, or do not fit on the disk") {
  Receiver receiver;
  for (const char* length : {"", "0", "-1", "+5", "1.5", "0x10", " 5 5", "five", "-99999999999999999999"}) {
    INFO(length);
    const Answer refused = receiver.create(length);
    CHECK(refused.status == 400);
    CHECK(refused.header("tus-resumable") == "1.0.0");
  }
  CHECK(receiver.create("20000000001").status == 413);
  CHECK(receiver.create("9223372036854775807").status == 413);
  CHECK(receiver.create("99999999999999999999").status == 413);
  CHECK(receiver.create("10", "package_sha256 " + to_base64(as_bytes("../../x"))).status == 400);
  CHECK(receiver.create("10", "package_sha256 !").status == 400);
}

TEST_CASE("uploads are admitted only as far as the disk holds all that was promised") {
  Receiver receiver;
  const auto free = must(posix_file_system().free_bytes(receiver.platform.directory()));
  receiver.platform.settings.max_package = free * 2;
  receiver.platform.settings.reserve = free / 2;
  receiver.platform.restart();
  Caller device(receiver.platform.url(), receiver.device.token());
  const auto create = [&](std::uint64_t size) {
    return device.call("POST", "/files", "", tus_headers({{"Upload-Length", std::to_string(size)}}));
  };
  CHECK(create(free).status == 507);
  CHECK(create(free).code() == "no-space");
  const Answer first = create(free / 3);
  CHECK(first.status == 201);
  CHECK(create(free / 3).status == 507);  // the first has been promised its room
  CHECK(device.call("DELETE", first.header("location"), "", tus_headers()).status == 204);
  CHECK(create(free / 3).status == 201);
}

TEST_CASE("one device does not promise itself the whole disk") {
  Receiver receiver;
  const auto free = must(posix_file_system().free_bytes(receiver.platform.directory()));
  receiver.platform.settings.max_package = free;
  receiver.platform.settings.reserve = free / 2;
  receiver.platform.restart();
  Caller device(receiver.platform.url(), receiver.device.token());
  Caller other = receiver.platform.device(receiver.platform.home() / "other");
  const auto create = [&](Caller& from, std::uint64_t size) {
    return from.call("POST", "/files", "", tus_headers({{"Upload-Length", std::to_string(size)}}));
  };
  const Answer first = create(device, free / 10);  // of the half that there is, a quarter is one eighth
  CHECK(first.status == 201);
  CHECK(create(device, free / 10).status == 507);
  CHECK(create(device, free / 10).code() == "device-quota");
  CHECK(create(device, 1000).status == 201);
  CHECK(create(other, free / 10).status == 201);
  receiver.platform.clock.advance(std::chrono::hours(7));
  CHECK(device.call("HEAD", first.header("location"), "", tus_headers()).status == 410);
}

TEST_CASE("another version of tus is answered with ours") {
  Receiver receiver;
  const std::string path = receiver.created("10");
  for (const char* method : {"POST", "HEAD", "PATCH", "DELETE"}) {
    INFO(method);
    for (const Headers& headers : {Headers{}, Headers{{"Tus-Resumable", "0.2.2"}}}) {
      const Answer refused =
          receiver.device.call(method, std::string(method) == "POST" ? "/files" : path, "", headers);
      CHECK(refused.status == 412);
      CHECK(refused.header("tus-version") == "1.0.0");
    }
  }
}

TEST_CASE("a PATCH needs the right type and the right offset") {
  Receiver receiver;
  const std::string path = receiver.created("10");
  CHECK(receiver.device
            .call("PATCH", path, "x",
                  tus_headers({{"Upload-Offset", "0"}, {"Content-Type", "application/octet-stream"}}))
            .status == 415);
  CHECK(receiver.device
            .call("PATCH", path, "x", tus_headers({{"Content-Type", "application/offset+octet-stream"}}))
            .status == 400);
  const Answer wrong = receiver.patch(path, "3", "x");
  CHECK(wrong.status == 409);
  CHECK(wrong.header("upload-offset") == "0");
  CHECK(receiver.patch(path, "99999999999999999999", "x").status == 409);
  CHECK(receiver.patch(path, "-1", "x").status == 400);
  CHECK(receiver.patch(path, "0", "01234567890").status == 413);
  CHECK(receiver.offset(path) == "0");
  CHECK(receiver.patch(path, "0", "0123456789").status == 204);
}

TEST_CASE("POST with X-HTTP-Method-Override stands for PATCH") {
  Receiver receiver;
  const std::string path = receiver.created("10");
  Headers headers = patch_headers("0");
  headers.emplace_back("X-HTTP-Method-Override", "PATCH");
  CHECK(receiver.device.call("POST", path, "01234", headers).header("upload-offset") == "5");
}

TEST_CASE("uploads that are not there are 404, and a terminated one is gone with its bytes") {
  Receiver receiver;
  for (const char* path :
       {"/files/01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11", "/files/platform.sqlite", "/files/x"}) {
    INFO(path);
    CHECK(receiver.device.call("HEAD", path, "", tus_headers()).status == 404);
    CHECK(receiver.patch(path, "0", "x").status == 404);
    CHECK(receiver.device.call("DELETE", path, "", tus_headers()).status == 404);
  }
  for (const bool begun : {false, true}) {
    const std::string path = receiver.created("10");
    if (begun) receiver.patch(path, "0", "01234");
    const Answer deleted = receiver.device.call("DELETE", path, "", tus_headers());
    CHECK(deleted.status == 204);
    CHECK(deleted.header("tus-resumable") == "1.0.0");
    CHECK(receiver.device.call("HEAD", path, "", tus_headers()).status == 404);
  }
  CHECK(must(posix_file_system().list(receiver.platform.directory() / "uploads")).empty());
}

TEST_CASE("an unfinished upload is over after seven days in which nothing came") {
  Receiver receiver;
  const std::string path = receiver.created("10");
  receiver.patch(path, "0", "012");
  receiver.platform.clock.advance(std::chrono::hours(6 * 24));
  receiver.patch(path, "3", "34");
  receiver.platform.clock.advance(std::chrono::hours(7 * 24) - std::chrono::seconds(1));
  CHECK(receiver.offset(path) == "5");
  receiver.platform.clock.advance(std::chrono::seconds(2));
  CHECK(receiver.device.call("HEAD", path, "", tus_headers()).status == 410);
  CHECK(receiver.patch(path, "5", "56789").status == 410);
  receiver.platform.restart();  // the sweep runs at the start, and every ten minutes
  Caller again(receiver.platform.url(), receiver.device.token());
  CHECK(eventually([&] { return again.call("HEAD", path, "", tus_headers()).status == 404; }));
  CHECK(eventually(
      [&] { return must(posix_file_system().list(receiver.platform.directory() / "uploads")).empty(); }));
}

TEST_CASE("an upload goes on after a restart of the platform") {
  Receiver receiver;
  const std::string path = receiver.created("10");
  receiver.patch(path, "0", "01234");
  receiver.platform.restart();
  Caller again(receiver.platform.url(), receiver.device.token());
  CHECK(again.call("HEAD", path, "", tus_headers()).header("upload-offset") == "5");
  CHECK(again.call("PATCH", path, "56789", patch_headers("5")).header("upload-offset") == "10");
}

TEST_CASE("an upload whose file has lost what was durable is no more, and its device begins anew") {
  const std::string method = GENERATE("HEAD", "PATCH");
  Receiver receiver;
  const std::string path = receiver.created("10");
  receiver.patch(path, "0", "01234");
  receiver.platform.stop();
  std::filesystem::resize_file(receiver.platform.directory() / "uploads" / path.substr(7), 4);
  receiver.platform.start();
  Caller again(receiver.platform.url(), receiver.device.token());
  CHECK(again.call(method, path, method == "PATCH" ? "56789" : "", patch_headers("5")).status == 404);
  CHECK(must(posix_file_system().list(receiver.platform.directory() / "uploads")).empty());
  CHECK(again.call("HEAD", path, "", tus_headers()).status == 404);
}

TEST_CASE("a block that is not what was announced is sent back, and everything before it stays") {
  Receiver receiver;
  std::string bytes((16 << 20) + 100, 'a');
  for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i >> 12);
  const Json offer = offer_of(bytes);
  CHECK(receiver.device.post("/api/v1/submissions", offer).status == 200);
  const std::string digest = must(json_string(offer, "package_sha256"));
  const std::string path =
      receiver.create(std::to_string(bytes.size()), "package_sha256 " + to_base64(as_bytes(digest)))
          .header("location");
  std::string altered = bytes;
  altered[(8 << 20) + 5] ^= 1;
  const Answer refused = receiver.patch(path, "0", altered);
  CHECK(refused.status == 460);
  CHECK(refused.code() == "block-altered");
  CHECK(refused.header("tus-resumable") == "1.0.0");
  CHECK(receiver.offset(path) == std::to_string(8 << 20));
  receiver.platform.restart();  // what was announced outlives it
  Caller again(receiver.platform.url(), receiver.device.token());
  const std::string rest = bytes.substr(8 << 20);
  altered = rest;
  altered.back() ^= 1;
  const Headers headers = patch_headers(std::to_string(8 << 20));
  CHECK(again.call("PATCH", path, altered, headers).status == 460);
  CHECK(again.call("HEAD", path, "", tus_headers()).header("upload-offset") == std::to_string(16 << 20));
  CHECK(again.call("PATCH", path, bytes.substr(16 << 20), patch_headers(std::to_string(16 << 20))).status ==
        204);
}

// Parts against a store that checks signatures and digests itself (tests/s3/strict_s3.py).

#include "upload/sender/parts_transport.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/http/script_server.h"
#include "upload/s3/s3_client.h"

using namespace shilu;
using namespace shilu::sender;

namespace {

constexpr std::uint64_t kBlock = 8u << 20;
constexpr std::uint64_t kSize = 3 * kBlock + 1000;  // four parts
using Kind = CallError::Kind;

// The store, and a platform that knows its key: asks it what it has, and hands out URLs for the rest.
struct Store {
  explicit Store(const std::string& options = "")
      : server("python3 " SHILU_SOURCE_DIR "/tests/s3/strict_s3.py " + options) {
    std::string bytes(kSize, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>('a' + i / 4096 % 26);
    parcel = {folder / "package.zip", kSize, sha256(bytes)};
    REQUIRE(write_file_atomic(parcel.file, as_bytes(bytes)));
    for (std::size_t from = 0; from < kSize; from += kBlock)
      blocks.push_back(sha256(bytes.substr(from, kBlock)));
    upload_id = client.begin("package.zip", parcel.sha256).value();
  }

  CallResult<OfferAnswer> ask() {
    ++asked;
    OfferAnswer answer;
    answer.transport = "parts";
    answer.part_size = kBlock;
    answer.upload_url = "http://platform.example/files/1";
    const auto held = client.parts("package.zip", upload_id);
    for (int number = 1; number <= static_cast<int>(blocks.size()); ++number) {
      const auto is_it = [&](const s3::Part& part) { return part.number == number; };
      if (held && std::any_of(held->begin(), held->end(), is_it)) continue;
      const Digest& digest = blocks[static_cast<std::size_t>(number - 1)];
      answer.parts.push_back(
          {number, digest, client.presigned_part("package.zip", upload_id, number, digest, valid)});
    }
    if (answer.parts.empty()) answer.kind = OfferAnswer::Kind::kVerifying;
    return answer;
  }

  CallResult<UploadEnd> send() {
    PartsTransport transport(
        sender, ask().value(), [this] { return ask(); }, [this](bool one) { reached.push_back(one); });
    return transport.send_rest(transport.begin(parcel).value(), parcel, watch);
  }

  bool has_it_whole() {
    const auto parts = client.parts("package.zip", upload_id).value();
    return client.complete("package.zip", upload_id, parts, kSize) && parts.size() == blocks.size();
  }

  test::TemporaryDirectory folder;
  http::test::ScriptServer server;
  SystemClock clock;
  http::Client http, sender;
  s3::S3Client client{http,
                      {"http://127.0.0.1:" + std::to_string(server.port()),
                       "lessons",
                       {"test-access", "test-secret/with+signs", "us-east-1"}},
                      clock};
  Parcel parcel;
  std::vector<Digest> blocks;
  std::string upload_id;
  std::chrono::seconds valid{3600};
  UploadWatch watch;
  std::vector<bool> reached;
  int asked = 0;
};

}  // namespace

TEST_CASE("a package goes to the store in parts, and what has arrived only grows") {
  Store store;
  std::vector<std::uint64_t> offsets;
  store.watch.on_offset = [&](std::uint64_t offset) {
    offsets.push_back(offset);
    return Status();
  };
  CHECK(store.send() == UploadEnd::kComplete);
  CHECK(offsets == std::vector<std::uint64_t>{0, kBlock, 2 * kBlock, 3 * kBlock, kSize});
  CHECK(store.has_it_whole());
}

TEST_CASE("an upload that gives way goes on with the parts that are missing") {
  Store store;
  int parts = 0;
  store.watch.should_yield = [&] { return parts++ == 2; };
  CHECK(store.send() == UploadEnd::kYielded);
  CHECK(store.client.parts("package.zip", store.upload_id)->size() == 2);
  std::vector<std::uint64_t> offsets;
  store.watch = {};
  store.watch.on_offset = [&](std::uint64_t offset) {
    offsets.push_back(offset);
    return Status();
  };
  CHECK(store.send() == UploadEnd::kComplete);
  CHECK(offsets.front() == 2 * kBlock);
  CHECK(store.has_it_whole());
}

TEST_CASE("a part that arrives damaged is sent again, and no other") {
  Store store("--damage 2");
  CHECK(store.send() == UploadEnd::kComplete);
  CHECK(store.asked == 3);  // at first, after the damage, at the end
  CHECK(store.has_it_whole());
}

TEST_CASE("a store that is busy says so, with what had come") {
  Store store("--busy 1");
  const auto end = store.send();
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kBusy);
  CHECK(end.error().code == "busy");
  CHECK(end.error().message.find("SlowDown") != std::string::npos);
  CHECK(store.send() == UploadEnd::kComplete);
}

TEST_CASE("URLs whose time is over are asked for anew") {
  Store store;
  store.valid = std::chrono::seconds(-5);
  PartsTransport transport(
      store.sender, store.ask().value(),
      [&] {
        store.valid = std::chrono::seconds(3600);
        return store.ask();
      },
      [](bool) {});
  CHECK(transport.send_rest("", store.parcel, {}) == UploadEnd::kComplete);
  CHECK(store.has_it_whole());
}

TEST_CASE("a person stops it in the middle of a part") {
  Store store;
  store.watch.on_acked = [](std::uint64_t) { return false; };
  CHECK(store.send() == UploadEnd::kCancelled);
}

TEST_CASE("a package that changed after its offer is not sent") {
  Store store;
  const auto answer = store.ask().value();
  REQUIRE(write_file_atomic(store.parcel.file, as_bytes(std::string(kSize, 'y'))));
  PartsTransport transport(
      store.sender, answer, [&] { return store.ask(); }, [](bool) {});
  const auto end = transport.send_rest("", store.parcel, {});
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kLocal);
  CHECK(store.client.parts("package.zip", store.upload_id)->empty());
}

TEST_CASE("a store that cannot be reached is told apart from one that refuses, and left aside for an hour") {
  Store store;
  OfferAnswer answer = store.ask().value();
  for (MissingPart& part : answer.parts) part.url = "http://127.0.0.1:9/nobody";  // the discard port
  PartsTransport transport(
      store.sender, answer, [&] { return answer; }, [&](bool one) { store.reached.push_back(one); });
  const auto end = transport.send_rest("", store.parcel, {});
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kNetwork);
  CHECK(store.reached == std::vector<bool>{false, false, false});

  StoreReach reach;
  MonotonicTime now{};
  for (int i = 0; i < 2; ++i) reach.on_failure(now);
  CHECK(reach.is_worth_trying(now));
  reach.on_part();
  for (int i = 0; i < 3; ++i) reach.on_failure(now);
  CHECK_FALSE(reach.is_worth_trying(now + std::chrono::minutes(59)));
  CHECK(reach.is_worth_trying(now + std::chrono::minutes(60)));
}

TEST_CASE("a captive portal's page is not taken for the store") {
  Store store;
  const auto page = store.folder / "page.py";
  REQUIRE(write_file_atomic(
      page,
      as_bytes(std::string(
          "import http.server\n"
          "class Page(http.server.BaseHTTPRequestHandler):\n"
          "    def do_PUT(self):\n"
          "        self.rfile.read(int(self.headers['Content-Length']))\n"
          "        self.send_response(200); self.end_headers(); self.wfile.write(b'<html>Sign in</html>')\n"
          "server = http.server.HTTPServer(('127.0.0.1', 0), Page)\n"
          "print(server.server_address[1], flush=True); server.serve_forever()\n"))));
  http::test::ScriptServer portal("python3 " + page.string());
  OfferAnswer answer = store.ask().value();
  for (MissingPart& part : answer.parts) part.url = "http://127.0.0.1:" + std::to_string(portal.port()) + "/";
  PartsTransport transport(
      store.sender, answer, [&] { return answer; }, [](bool) {});
  const auto end = transport.send_rest("", store.parcel, {});
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kPortal);
}

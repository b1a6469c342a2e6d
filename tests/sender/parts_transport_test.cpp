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
        sender, lanes, ask().value(), [this] { return ask(); }, [this](bool one) { reached.push_back(one); });
    return transport.send_rest(transport.begin(parcel).value(), parcel, watch);
  }

  // As after an upload that went ever faster with more parts at a time: four of them.
  void make_fast() {
    s3::Lanes::Time now{};
    lanes.on_begin(now);
    for (int part = 0; part < 100; ++part)
      lanes.on_part(now += std::chrono::milliseconds(100 / lanes.at_once()), kBlock);
  }

  bool has_it_whole() {
    const auto parts = client.parts("package.zip", upload_id).value();
    return client.complete("package.zip", upload_id, parts, kSize) && parts.size() == blocks.size();
  }

  test::TemporaryDirectory folder;
  http::test::ScriptServer server;
  SystemClock clock;
  http::Client http, sender;
  s3::Lanes lanes;
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
  CHECK(offsets.size() == 5);  // the beginning and four parts, in whatever order they came
  CHECK(std::is_sorted(offsets.begin(), offsets.end()));
  CHECK(offsets.front() == 0);
  CHECK(offsets.back() == kSize);
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
      store.sender, store.lanes, store.ask().value(),
      [&] {
        store.valid = std::chrono::seconds(3600);
        return store.ask();
      },
      [](bool) {});
  CHECK(transport.send_rest("", store.parcel, {}) == UploadEnd::kComplete);
  CHECK(store.has_it_whole());
}

TEST_CASE("several parts at a time: a limit holds for all of them together, and so does what is told") {
  Store store;
  store.make_fast();
  constexpr std::size_t kLimit = 12u << 20;  // bytes per second
  std::size_t budget = 0, granted = 0;
  const auto began = std::chrono::steady_clock::now();
  store.watch.allowance = [&](std::size_t wanted) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began;
    budget = static_cast<std::size_t>(since.count() * kLimit);
    const std::size_t now = std::min(wanted, budget - granted);
    granted += now;
    return now;
  };
  std::uint64_t most = 0, seen = 0;
  store.watch.on_acked = [&](std::uint64_t acked) {
    most = std::max(most, acked);
    return true;
  };
  store.watch.on_line = [&](const http::LineSample& sample) { seen = std::max(seen, sample.acked_bytes); };
  CHECK(store.send() == UploadEnd::kComplete);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  CHECK(took.count() >= static_cast<double>(kSize) / kLimit);
  CHECK(granted == kSize);
  CHECK(most <= kSize);
  CHECK(seen > kBlock);
  CHECK(seen <= kSize);
  CHECK(store.has_it_whole());
}

TEST_CASE("several parts at a time: a store that is busy costs one round, and what came beside it counts") {
  Store store("--busy 1 --rate 10000000");  // slow enough that all are under way when the first ends
  store.make_fast();
  const auto end = store.send();
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kBusy);
  CHECK(store.client.parts("package.zip", store.upload_id)->size() == 3);
  CHECK(store.lanes.at_once() < 4);
  CHECK(store.send() == UploadEnd::kComplete);
  CHECK(store.has_it_whole());
}

TEST_CASE("several parts at a time: a line that breaks under all of them is one failure to reach the store") {
  Store store;
  store.make_fast();
  OfferAnswer answer = store.ask().value();
  for (MissingPart& part : answer.parts) part.url = "http://127.0.0.1:9/nobody";
  PartsTransport transport(
      store.sender, store.lanes, answer, [&] { return store.make_fast(), answer; },
      [&](bool one) { store.reached.push_back(one); });
  CHECK_FALSE(transport.send_rest("", store.parcel, {}));
  CHECK(store.reached == std::vector<bool>{false, false, false});
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
      store.sender, store.lanes, answer, [&] { return store.ask(); }, [](bool) {});
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
      store.sender, store.lanes, answer, [&] { return answer; },
      [&](bool one) { store.reached.push_back(one); });
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
  for (MissingPart& part : answer.parts)
    part.url = "http://127.0.0.1:" + std::to_string(portal.port()) + "/?X-Amz-Signature=5ec2e7";
  PartsTransport transport(
      store.sender, store.lanes, answer, [&] { return answer; }, [](bool) {});
  const auto end = transport.send_rest("", store.parcel, {});
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == Kind::kPortal);
  CHECK(end.error().message.find("X-Amz") == std::string::npos);
}

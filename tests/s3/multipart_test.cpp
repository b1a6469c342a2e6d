// Against tests/s3/strict_s3.py, which checks every signature and digest by its own means.

#include "upload/s3/multipart.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/base/temporary_directory.h"
#include "tests/http/script_server.h"
#include "upload/s3/url_probe.h"

using namespace shilu;
using namespace shilu::s3;
using namespace shilu::test;
using http::test::ScriptServer;

namespace {

constexpr std::uint64_t kPart = 8u << 20;

std::string store_command(const std::string& options) {
  return std::string("python3 ") + SHILU_SOURCE_DIR "/tests/s3/strict_s3.py " + options;
}

struct Bench {
  explicit Bench(const std::string& options = "", std::uint64_t size = 2 * kPart + 1000)
      : server(store_command(options + " --directory " + (folder / "store").string())) {
    Bytes content(size);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * i >> 7);
    what = {folder / "package.zip", size, sha256(content), "evidence/证据 1.zip"};
    std::ofstream(what.file, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(size));
  }

  Bucket bucket() const {
    return {"http://127.0.0.1:" + std::to_string(server.port()),
            "lessons",
            {"test-access", "test-secret/with+signs", "cn-north"}};
  }
  MultipartWatch watch(std::uint64_t stop_at = ~0ull) {
    return {[this](const std::string& id) {
              upload_id = id;
              return Status();
            },
            [this, stop_at](std::uint64_t bytes) {
              acked = bytes;
              return bytes < stop_at;
            }};
  }
  Result<SentObject> send(std::uint64_t stop_at = ~0ull) {
    return send_object(client, what, upload_id, watch(stop_at));
  }
  bool stored_is_the_file() const {
    const auto stored = sha256_file(folder / "store" / what.key);
    return stored && *stored == what.sha256;
  }

  TemporaryDirectory folder;
  ScriptServer server;
  http::Client http;
  SystemClock clock;
  ObjectToSend what;
  S3Client client{http, bucket(), clock};
  std::string upload_id;
  std::uint64_t acked = 0;
};

}  // namespace

TEST_CASE("a file becomes an object, part by part, and the store's ETag is that of its parts") {
  Bench bench;
  const auto sent = bench.send();
  REQUIRE(sent);
  CHECK(sent->integrity == Integrity::kEveryPart);
  CHECK_FALSE(sent->was_there);
  CHECK(sent->object.size_bytes == bench.what.size_bytes);
  CHECK(bench.acked == bench.what.size_bytes);
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("what is there already is not sent again") {
  Bench bench;
  REQUIRE(bench.send());
  bench.acked = 0;
  const auto again = bench.send();
  REQUIRE(again);
  CHECK(again->was_there);
  CHECK(bench.acked == 0);
}

TEST_CASE("an upload that was cut goes on behind the last whole part, over pages of parts") {
  Bench bench("--page 1", 4 * kPart + 7);
  const auto cut = bench.send(3 * kPart);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().kind == ErrorKind::kCancelled);
  const std::string begun = bench.upload_id;
  const auto parts = bench.client.parts(bench.what.key, begun);
  REQUIRE(parts);
  CHECK(parts->size() >= 2);
  REQUIRE(bench.send());
  CHECK(bench.upload_id == begun);
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("an upload that the store has forgotten is begun anew") {
  Bench bench;
  REQUIRE_FALSE(bench.send(kPart));
  const std::string begun = bench.upload_id;
  REQUIRE(bench.client.abort(bench.what.key, begun));
  REQUIRE(bench.client.abort(bench.what.key, begun));  // twice is fine
  REQUIRE(bench.send());
  CHECK(bench.upload_id != begun);
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("a part that arrives damaged is sent again") {
  Bench bench("--damage 2");
  REQUIRE(bench.send());
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("a store that is busy says so, and the upload goes on later") {
  Bench bench("--busy 1");
  const auto busy = bench.send();
  REQUIRE_FALSE(busy);
  CHECK(busy.error().kind == ErrorKind::kUnavailable);
  CHECK(busy.error().message.find("SlowDown: Please reduce your request rate.") != std::string::npos);
  REQUIRE(bench.send());
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("a store whose clock is two hours ahead is followed") {
  Bench bench("--skew 7200");
  REQUIRE(bench.send());
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("a completion whose answer was lost is found done") {
  Bench bench("--lose-answer");
  // libcurl may have asked once more by itself, over a fresh connection.
  const auto first = bench.send();
  if (!first) CHECK(first.error().kind == ErrorKind::kUnavailable);
  const auto again = bench.send();
  REQUIRE(again);
  CHECK(again->was_there);
  CHECK(bench.stored_is_the_file());
}

TEST_CASE("wrong keys are told as such") {
  Bench bench;
  auto bucket = bench.bucket();
  bucket.credentials.secret_key = "guess";
  S3Client client(bench.http, bucket, bench.clock);
  const auto refused = client.begin("x", {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kPermissionDenied);
  CHECK(refused.error().message.find("SignatureDoesNotMatch") != std::string::npos);
}

TEST_CASE("an unknown bucket is told as such") {
  Bench bench;
  auto bucket = bench.bucket();
  bucket.name = "attic";
  S3Client client(bench.http, bucket, bench.clock);
  const auto refused = client.begin("x", {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kPermissionDenied);
  CHECK(refused.error().message.find("NoSuchBucket") != std::string::npos);
}

TEST_CASE("what something in front of the store says is not taken for the store's word") {
  TemporaryDirectory folder;
  const auto front = folder / "front";
  Bench bench("--front " + front.string());
  REQUIRE_FALSE(bench.send(kPart));
  const std::string begun = bench.upload_id;
  const std::string key = bench.what.key;
  const std::string status = GENERATE("404", "200", "302");
  INFO(status);
  REQUIRE(write_file_atomic(front, as_bytes(status)));
  const auto refused = bench.send();
  REQUIRE_FALSE(refused);
  CHECK(bench.upload_id == begun);
  if (status == "404") {
    CHECK(refused.error().kind == ErrorKind::kUnavailable);
    CHECK(bench.client.head(key).error().kind == ErrorKind::kUnavailable);
    CHECK(bench.client.abort(key, begun).error().kind == ErrorKind::kUnavailable);
    CHECK(bench.client.remove(key).error().kind == ErrorKind::kUnavailable);
  }
  if (status != "302") CHECK(bench.client.get(key, 0, 16).error().kind == ErrorKind::kUnavailable);
  std::filesystem::remove(front);
  REQUIRE(bench.send());
  CHECK(bench.upload_id == begun);
  CHECK(bench.stored_is_the_file());
  CHECK(bench.client.get(key, 0, 16));
  CHECK(bench.client.get("nothing", 0, 16).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a presigned URL takes just its part with just its bytes, until it expires") {
  Bench bench;
  const auto id = bench.client.begin(bench.what.key, bench.what.sha256);
  REQUIRE(id);
  const std::string body = "the last part may be small";
  const auto put = [&](const std::string& url, const std::string& sent, const std::string& told) {
    http::ClientRequest request;
    request.method = "PUT";
    request.url = url;
    request.headers = {{"x-amz-content-sha256", told}};
    request.body = sent;
    const auto response = bench.http.perform(request);
    return response ? response->status : 0;
  };
  const auto url = bench.client.presigned_part(bench.what.key, *id, 1, sha256(body), std::chrono::hours(1));
  CHECK(put(url, "other bytes", to_hex(sha256(std::string_view("other bytes")))) == 403);
  CHECK(put(url, "other bytes", to_hex(sha256(body))) == 400);
  CHECK(put(url, body, to_hex(sha256(body))) == 200);
  const auto late =
      bench.client.presigned_part(bench.what.key, *id, 2, sha256(body), std::chrono::seconds(-5));
  CHECK(put(late, body, to_hex(sha256(body))) == 403);
  CHECK(bench.client.parts(bench.what.key, *id)->size() == 1);
}

TEST_CASE("parts of an object are fetched, and an object can be removed") {
  Bench bench;
  REQUIRE(bench.send());
  const auto bytes = bench.client.get(bench.what.key, kPart - 10, 20);
  REQUIRE(bytes);
  std::ifstream file(bench.what.file, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(kPart - 10));
  std::string expected(20, '\0');
  file.read(expected.data(), 20);
  CHECK(as_text(*bytes) == expected);
  REQUIRE(bench.client.remove(bench.what.key));
  CHECK_FALSE(bench.client.head(bench.what.key)->has_value());
}

TEST_CASE("parts are 8 MiB, or larger where there would be more than 10,000") {
  CHECK(part_size_for(1) == 8u << 20);
  CHECK(part_size_for(80'000ull << 20) == 8u << 20);
  CHECK(part_size_for((80'000ull << 20) + 1) == 9u << 20);
  CHECK(part_size_for(5ull << 40) == 525ull << 20);  // 5 TiB, S3's largest object
}

TEST_CASE("the ETag of several parts is the MD5 of their MD5s") {
  // md5sum of "a" and of "b", and md5sum of the 32 bytes of the two
  CHECK(multipart_etag({"0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f"}) ==
        "96e024ba2074fe77e8e965ba43a704be-2");
}

TEST_CASE("what a store's presigned URLs can do is asked of the store, and nothing stays there") {
  const auto probed = [](const std::string& options) {
    Bench bench(options);
    const auto found = probe_presigned(bench.client, "incoming/probe");
    CHECK_FALSE(bench.client.head("incoming/probe")->has_value());
    return found;
  };
  CHECK(probed("") == PresignedDigest::kSigned);
  CHECK(probed("--plain-urls") == PresignedDigest::kLeftOut);
  const auto busy = probed("--busy 1");
  REQUIRE_FALSE(busy);
  CHECK(busy.error().kind == ErrorKind::kUnavailable);
}

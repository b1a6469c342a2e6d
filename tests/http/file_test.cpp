// Files, directories and byte ranges, checked with curl and sha256sum.

#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

constexpr std::size_t kSize = 9'000'017;

// One file, served as it is and as a composed body of file parts and memory, as a virtual MP4 is.
struct Served {
  TempDir dir;
  std::string content = random_text(kSize, 7);
  Server server{ServerOptions{}};

  Served() {
    dir.write("big.mp4", content);
    dir.write("empty.txt", "");
    server.route("GET", "/file", [this](const Request&) { return *file(dir.path("big.mp4")); });
    server.route("GET", "/empty", [this](const Request&) { return *file(dir.path("empty.txt")); });
    server.route("GET", "/composed", [this](const Request&) { return composed(); });
    REQUIRE(server.start());
  }

  Response composed() {
    auto fd = std::make_shared<UniqueFd>(::open(dir.path("big.mp4").c_str(), O_RDONLY | O_CLOEXEC));
    ComposedBody body;
    body.etag = "\"composed-1\"";
    std::uint64_t at = 0;
    for (std::uint64_t size = 1; at < kSize; size = size * 3 + 1) {
      size = std::min<std::uint64_t>(size, kSize - at);
      bool in_memory = body.pieces.size() % 2 == 0;
      auto memory =
          in_memory ? std::make_shared<const std::string>("xx" + content.substr(at, size)) : nullptr;
      body.pieces.push_back({memory, in_memory ? nullptr : fd, in_memory ? 2 : at, size});
      at += size;
    }
    Response response;
    response.content_type = "video/mp4";
    response.body = std::move(body);
    return response;
  }

  std::string sum_of_range(const std::string& path, const std::string& range) {
    return run_command("curl -sS --max-time 20 -f -r " + range + " '" + url_of(server, path) +
                       "' | sha256sum")
        .substr(0, 64);
  }
  std::string sum_of_piece(std::uint64_t first, std::uint64_t size) {
    return run_command("tail -c +" + std::to_string(first + 1) + " " + dir.path("big.mp4") + " | head -c " +
                       std::to_string(size) + " | sha256sum")
        .substr(0, 64);
  }
};

}  // namespace

TEST_CASE("ranges of a file and of a composed body have the bytes that sha256sum finds there") {
  Served s;
  struct {
    const char* range;
    std::uint64_t first, size;
  } ranges[] = {{"0-", 0, kSize},
                {"0-0", 0, 1},
                {"1-2", 1, 2},
                {"4095-4097", 4095, 3},
                {"1000000-7999999", 1'000'000, 7'000'000},
                {"-1", kSize - 1, 1},
                {"-100000", kSize - 100'000, 100'000},
                {"9000000-99999999", 9'000'000, 17}};
  for (auto* path : {"/file", "/composed"}) {
    for (auto& range : ranges) {
      INFO(path << " " << range.range);
      CHECK(s.sum_of_range(path, range.range) == s.sum_of_piece(range.first, range.size));
    }
  }
}

TEST_CASE("a range names itself, the whole does not, and one behind the end is 416") {
  Served s;
  auto curl = [&](const std::string& arguments, const std::string& path = "/file") {
    return run_command("curl -sS --max-time 20 -D - -o /dev/null " + arguments + " '" +
                       url_of(s.server, path) + "'");
  };
  auto part = curl("-r 5-9");
  CHECK(status_of(part) == 206);
  CHECK(field_of(part, "Content-Range") == "bytes 5-9/9000017");
  CHECK(field_of(part, "Content-Length") == "5");
  CHECK(field_of(part, "Content-Type") == "video/mp4");
  auto whole = curl("");
  CHECK(status_of(whole) == 200);
  CHECK(field_of(whole, "Accept-Ranges") == "bytes");
  CHECK(field_of(whole, "Content-Length") == "9000017");
  auto behind = curl("-r 9000017-");
  CHECK(status_of(behind) == 416);
  CHECK(field_of(behind, "Content-Range") == "bytes */9000017");
  CHECK(status_of(curl("-r 0-1,5-6")) == 200);
  CHECK(status_of(curl("-r 0-", "/empty")) == 416);
  CHECK(status_of(curl("", "/empty")) == 200);
}

TEST_CASE("an unchanged file is 304, and a range of a changed one comes whole") {
  Served s;
  auto curl = [&](const std::string& arguments) {
    return run_command("curl -sS --max-time 20 -D - -o /dev/null " + arguments + " '" +
                       url_of(s.server, "/file") + "'");
  };
  auto etag = field_of(curl("-r 0-0"), "ETag");
  REQUIRE(etag.size() > 2);
  auto unchanged = curl("-H 'If-None-Match: " + etag + "'");
  CHECK(status_of(unchanged) == 304);
  CHECK(field_of(unchanged, "ETag") == etag);
  CHECK(field_of(unchanged, "Content-Length").empty());
  CHECK(status_of(curl("-r 0-9 -H 'If-Range: " + etag + "'")) == 206);
  s.dir.write("big.mp4", "another");
  auto changed = curl("-r 0-3 -H 'If-Range: " + etag + "'");
  CHECK(status_of(changed) == 200);
  CHECK(field_of(changed, "Content-Length") == "7");
}

TEST_CASE("wget-like resuming with curl -C gives the whole file") {
  Served s;
  s.dir.write("partial", s.content.substr(0, 4'000'001));
  run_command("curl -sS --max-time 20 -C - -o " + s.dir.path("partial") + " '" + url_of(s.server, "/file") +
              "'");
  run_command("cmp " + s.dir.path("partial") + " " + s.dir.path("big.mp4"));
}

TEST_CASE("a slow reader gets the whole file and holds up nobody") {
  Served s;
  RawPeer slow(s.server.port());
  slow.send("GET /composed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");  // and does not read
  for (int i = 0; i < 4; ++i) CHECK(s.sum_of_range("/file", "100-200") == s.sum_of_piece(100, 101));
  auto answer = slow.read_all();
  CHECK(body_of(answer) == s.content);
}

TEST_CASE("a reader that leaves in the middle is forgotten") {
  Served s;
  for (int i = 0; i < 20; ++i) {
    RawPeer peer(s.server.port());
    peer.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
    peer.reset();
  }
  CHECK(s.sum_of_range("/file", "0-") == s.sum_of_piece(0, kSize));
}

TEST_CASE("a file that shrinks while it is sent ends the connection, not the answer") {
  Served s;
  RawPeer peer(s.server.port());
  peer.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  std::filesystem::resize_file(s.dir.path("big.mp4"), 100'000);
  CHECK(peer.read_all().size() < kSize);
}

TEST_CASE("a FIFO and a directory are not files to serve") {
  TempDir dir;
  run_command("mkfifo " + dir.path("pipe"));
  CHECK(file(dir.path("pipe")).error().kind == ErrorKind::kNotFound);
  CHECK(file(dir.path()).error().kind == ErrorKind::kNotFound);
  CHECK(file(dir.path("none")).error().kind == ErrorKind::kNotFound);
}

// Streamed uploads: curl as the client, and raw sockets for what curl would never do.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <map>

#include "firmware/base/digest.h"
#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

struct Record {
  std::mutex mutex;
  Sha256 hash;
  std::uint64_t bytes = 0;
  std::size_t largest_block = 0;
  std::atomic<int> opened{0}, finished{0}, aborted{0}, destroyed{0};
  std::uint64_t fail_after = ~0ull;
  std::uint64_t stored() {
    std::lock_guard lock(mutex);
    return bytes;
  }
};

class RecordingSink final : public BodySink {
 public:
  explicit RecordingSink(Record& record) : record_(record) {}
  ~RecordingSink() override { ++record_.destroyed; }
  Status write(ByteView bytes) override {
    std::lock_guard lock(record_.mutex);
    if (record_.bytes + bytes.size() > record_.fail_after)
      return fail(ErrorKind::kStorageFull, "the disk is full");
    record_.hash.update(bytes);
    record_.bytes += bytes.size();
    record_.largest_block = std::max(record_.largest_block, bytes.size());
    return {};
  }
  Response finish() override {
    ++record_.finished;
    return text(201, to_hex(record_.hash.finish()));
  }
  void aborted() override { ++record_.aborted; }

 private:
  Record& record_;
};

struct Receiver {
  Record record;
  Server server;
  explicit Receiver(ServerOptions options = {}) : server(std::move(options)) {
    auto open = [this](const Request& request) -> std::variant<std::unique_ptr<BodySink>, Response> {
      ++record.opened;
      if (request.header("authorization") == "wrong") return problem(401, "unauthorized", "sign in first");
      return std::make_unique<RecordingSink>(record);
    };
    server.upload("PUT", "/files/{name}", open);
    server.upload("PATCH", "/files/{name}", open);
    server.route("GET", "/hello", [](const Request&) { return text(200, "hello\n"); });
    REQUIRE(server.start());
  }
  std::string curl(const std::string& arguments) {
    return run_command("curl -sS --max-time 30 " + arguments + " '" + url_of(server, "/files/a") + "'");
  }
};

std::string sha256sum(const std::string& path) {
  return run_command("sha256sum " + path).substr(0, 64);
}

}  // namespace

TEST_CASE("what curl uploads is what the sink gets, sized, chunked, empty and tiny") {
  Receiver r;
  TempDir dir;
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{262'144}, std::size_t{20'000'003}}) {
    dir.write("body", random_text(size, 3));
    for (auto* how :
         {"-H 'Expect:'", "-H 'Expect: 100-continue'", "-H 'Transfer-Encoding: chunked' -H 'Expect:'"}) {
      if (size == 0 && how[4] == 'T') continue;  // curl 7.88 never sends the last chunk of nothing
      INFO(size << " " << how);
      r.record.hash = Sha256();
      CHECK(r.curl(std::string(how) + " -T " + dir.path("body")) == sha256sum(dir.path("body")));
    }
  }
  CHECK(r.record.finished == 11);
  CHECK(r.record.aborted == 0);
  CHECK(r.record.destroyed == 11);
  CHECK(r.record.largest_block <= 256 * 1024);
}

TEST_CASE("a chunked body of nothing is a body") {
  Receiver r;
  RawPeer peer(r.server.port());
  peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 201);
  CHECK(r.record.finished == 1);
}

TEST_CASE("an upload by POST with a method override reaches the PATCH route") {
  Receiver r;
  CHECK(r.curl("-X POST -H 'X-HTTP-Method-Override: PATCH' -d abc").size() == 64);
  CHECK(r.record.bytes == 3);
}

TEST_CASE("100 is said only after the opener accepted") {
  Receiver r;
  RawPeer accepted(r.server.port());
  accepted.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(accepted.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(r.record.opened == 1);
  accepted.send("abc");
  CHECK(status_of(accepted.read_until("\r\n\r\n")) == 201);

  RawPeer refused(r.server.port());
  refused.send(
      "PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nAuthorization: "
      "wrong\r\n\r\n");
  auto answer = refused.read_until("\r\n\r\n");
  CHECK(status_of(answer) == 401);
  CHECK(field_of(answer, "Connection") == "close");
  CHECK(r.record.bytes == 3);
}

TEST_CASE("a client that sends all before it reads still sees an early refusal") {
  Receiver r;
  auto out =
      run_command("python3 " + script("deaf_uploader.py") + " " + std::to_string(r.server.port()) + " 64");
  CHECK(out == "401 unauthorized\n");
  CHECK(r.record.bytes == 0);
}

TEST_CASE("a sink's error becomes the answer while the client is still sending") {
  Receiver r;
  r.record.fail_after = 1'000'000;
  TempDir dir;
  dir.write("body", std::string(30'000'000, 'x'));
  auto answer = r.curl("-i -H 'Expect:' -T " + dir.path("body"));
  CHECK(status_of(answer) == 507);
  CHECK(answer.find("the disk is full") != std::string::npos);
  CHECK(eventually([&] { return r.record.destroyed == 1; }));
  CHECK(r.record.finished == 0);
  CHECK(r.record.aborted == 0);  // it knows already
}

TEST_CASE("a peer that goes away aborts the sink once, and what it wrote stays written") {
  Receiver r;
  for (bool hard : {false, true}) {
    const int before = r.record.aborted;
    const auto stored = r.record.stored();
    RawPeer peer(r.server.port());
    peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(5000, 'x'));
    CHECK(eventually([&] { return r.record.stored() == stored + 5000; }));
    if (hard) {
      peer.reset();
    } else {
      peer.finish_sending();
    }
    CHECK(eventually([&] { return r.record.aborted == before + 1; }));
  }
  CHECK(eventually([&] { return r.record.destroyed == 2; }));
  CHECK(r.record.finished == 0);
}

TEST_CASE("a body that stalls is aborted after the body timeout, with 408") {
  ServerOptions options;
  options.body_timeout_s = 1;
  Receiver r(options);
  RawPeer peer(r.server.port());
  peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 408);
  CHECK(r.record.aborted == 1);
  CHECK(r.record.bytes == 3);
}

TEST_CASE("a body that trickles within the timeout is not aborted") {
  ServerOptions options;
  options.body_timeout_s = 1;
  Receiver r(options);
  RawPeer peer(r.server.port());
  peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  for (int i = 0; i < 5; ++i) {  // 2.5 s in all: the pauses are the test
    std::this_thread::sleep_for(500ms);
    peer.send("x");
  }
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 201);
}

TEST_CASE("broken chunks abort the sink and are answered with 400") {
  Receiver r;
  RawPeer peer(r.server.port());
  peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n");
  auto answer = peer.read_all();
  CHECK(status_of(answer) == 400);
  CHECK(field_of(answer, "Connection") == "close");
  CHECK(r.record.aborted == 1);
  CHECK(r.record.bytes == 3);
}

TEST_CASE("what follows an upload on the connection is the next request") {
  Receiver r;
  RawPeer peer(r.server.port());
  peer.send(
      "PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
      "PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "GET /hello HTTP/1.0\r\n\r\n");
  auto answers = peer.read_all();
  CHECK(r.record.finished == 2);
  auto first = answers.find("hello\n");
  REQUIRE(first != std::string::npos);
  CHECK(answers.find("hello\n", first + 1) != std::string::npos);
}

TEST_CASE("stop aborts an upload that waits for its bytes") {
  Receiver r;
  RawPeer peer(r.server.port());
  peer.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  CHECK(eventually([&] { return r.record.stored() == 3; }));
  r.server.stop();
  CHECK(r.record.aborted == 1);
  CHECK(r.record.destroyed == 1);
}

TEST_CASE("many uploads at once do not mix") {
  Server server{ServerOptions{}};
  std::map<std::string, Record> records;
  for (int i = 0; i < 12; ++i) records[std::to_string(i)];
  server.upload("PUT", "/files/{name}",
                [&](const Request& request) -> std::variant<std::unique_ptr<BodySink>, Response> {
                  return std::make_unique<RecordingSink>(records.at(std::string(request.parameter("name"))));
                });
  REQUIRE(server.start());
  TempDir dir;
  std::string command = "for i in 0 1 2 3 4 5 6 7 8 9 10 11; do curl -sS --max-time 60 -T " + dir.path("") +
                        "$i " + url_of(server, "/files/") + "$i -o " + dir.path("") + "answer$i & done; wait";
  for (int i = 0; i < 12; ++i) dir.write(std::to_string(i), random_text(3'000'000, static_cast<unsigned>(i)));
  run_command(command);
  for (int i = 0; i < 12; ++i)
    CHECK(run_command("cat " + dir.path("answer" + std::to_string(i))) ==
          sha256sum(dir.path(std::to_string(i))));
}

namespace {

class FileSink final : public BodySink {
 public:
  explicit FileSink(const std::string& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}
  Status write(ByteView bytes) override {
    auto count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at_));
    if (count != static_cast<ssize_t>(bytes.size())) return fail_errno(errno, "write the upload");
    at_ += bytes.size();
    return {};
  }
  Response finish() override { return no_content(); }
  void aborted() override {}

 private:
  UniqueFd fd_;
  std::uint64_t at_ = 0;
};

}  // namespace

TEST_CASE("256 MB from curl into /dev/shm arrive whole; the rate is printed") {
  if (::access("/dev/shm", W_OK) != 0) return;
  const std::string base = "/dev/shm/shilu-http-" + std::to_string(::getpid());
  Server server{ServerOptions{}};
  server.upload("PUT", "/up", [&](const Request&) -> std::variant<std::unique_ptr<BodySink>, Response> {
    return std::make_unique<FileSink>(base + ".out");
  });
  REQUIRE(server.start());
  run_command("head -c 268435456 /dev/urandom > " + base + ".in");
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    auto rate = run_command("curl -sS -f -o /dev/null -w '%{speed_upload}' -H Expect: -T " + base + ".in " +
                            url_of(server, "/up"));
    best = std::max(best, std::stod(rate) / 1e6);
  }
  run_command("cmp " + base + ".in " + base + ".out");
  run_command("rm -f " + base + ".in " + base + ".out");
  std::printf("upload of 256 MB over loopback into tmpfs: %.0f MB/s (best of 3)\n", best);
}

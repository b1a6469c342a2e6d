// Our client against servers that we did not write, and against sockets that misbehave.

#include "firmware/http/client.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "firmware/base/digest.h"
#include "firmware/base/json_io.h"
#include "tests/http/http_fixture.h"
#include "tests/http/script_server.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

// These tests stay on this machine whatever proxy its user has.
const int kNoProxy = ::unsetenv("http_proxy") + ::unsetenv("all_proxy") + ::unsetenv("ALL_PROXY");

struct Python {
  ScriptServer server{"python3 " + script("recording_server.py")};
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }
};

ClientRequest get(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

Json seen_by(Client& client, const ClientRequest& request) {
  auto response = client.perform(request);
  REQUIRE(response);
  CHECK(response->status == 200);
  auto seen = parse_json(response->body);
  REQUIRE(seen);
  return *seen;
}

// A source over text that counts how often it was asked.
struct TextSource {
  std::string text;
  std::size_t at = 0;  // how far it was read
  int calls = 0;
  BodySource source() {
    return [this](std::uint64_t from, std::span<std::uint8_t> buffer) -> Result<std::size_t> {
      ++calls;
      auto count = std::min<std::size_t>(buffer.size(), text.size() - from);
      std::copy_n(text.data() + from, count, buffer.data());
      at = from + count;
      return count;
    };
  }
};

ClientRequest upload(std::string url, TextSource& text) {
  ClientRequest request;
  request.method = "PATCH";
  request.url = std::move(url);
  request.source = text.source();
  request.source_size = text.text.size();
  return request;
}

Error error_of(Client& client, const ClientRequest& request) {
  auto response = client.perform(request);
  REQUIRE_FALSE(response);
  return response.error();
}

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace

TEST_CASE("Python's server sees each method with the body it was given and no fields that we did not say") {
  REQUIRE(kNoProxy == 0);
  Python python;
  Client client;
  for (auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    for (auto* body : {"", "a body"}) {
      INFO(method << " " << body);
      auto request = get(python.url("/a?b=c"));
      request.method = method;
      request.body = body;
      request.headers = {{"X-Token", "t"}, {"X-Empty", ""}};
      auto seen = seen_by(client, request);
      CHECK(seen["method"] == method);
      CHECK(seen["target"] == "/a?b=c");
      CHECK(seen["body_sha256"] == to_hex(sha256(std::string_view(body))));
      CHECK(seen["fields"]["x-token"] == Json{"t"});
      CHECK(seen["fields"]["x-empty"] == Json{""});
      CHECK(seen["fields"]["user-agent"] == Json{"shilu"});
      CHECK_FALSE(seen["fields"].contains("content-type"));
      CHECK_FALSE(seen["fields"].contains("expect"));
      const bool bodiless = request.body.empty() && (seen["method"] == "GET" || seen["method"] == "DELETE" ||
                                                     seen["method"] == "OPTIONS");
      CHECK(seen["fields"].contains("content-length") != bodiless);
    }
  }
}

TEST_CASE("HEAD has fields and no body; of repeated fields the last counts") {
  Python python;
  Client client;
  auto request = get(python.url("/"));
  request.method = "HEAD";
  auto response = client.perform(request);
  REQUIRE(response);
  CHECK(response->body.empty());
  CHECK(response->header("x-repeated") == "last");
  CHECK(response->header("x-none").empty());
}

TEST_CASE("a redirect is an answer like any other") {
  Python python;
  Client client;
  auto response = client.perform(get(python.url("/moved")));
  REQUIRE(response);
  CHECK(response->status == 302);
  CHECK(*resolve_url(python.url("/moved"), response->header("location")) == python.url("/elsewhere"));
}

TEST_CASE("a streamed body arrives whole at Python's server, with and without being invited") {
  Python python;
  Client client;
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000'000}}) {
    for (bool expect : {false, true}) {
      INFO(size << " " << expect);
      TextSource text{random_text(size, 1)};
      auto request = upload(python.url("/up"), text);
      request.expect_continue = expect;
      std::uint64_t acked = 0;
      request.on_progress = [&](std::uint64_t bytes) {
        CHECK(bytes >= acked);
        acked = bytes;
        return true;
      };
      auto seen = seen_by(client, request);
      CHECK(seen["method"] == "PATCH");
      CHECK(seen["body_size"] == size);
      CHECK(seen["body_sha256"] == to_hex(sha256(std::string_view(text.text))));
      CHECK(seen["fields"]["content-length"] == Json{std::to_string(size)});
      CHECK(seen["fields"].contains("expect") == (expect && size > 0));
      CHECK(acked == size);
    }
  }
}

TEST_CASE("connections are kept, and one that died meanwhile is replaced") {
  const std::string kBody = "streamed";
  std::atomic<bool> close_after_first{true};
  FakeServer server([&](int fd) {
    for (auto head = read_head_of(fd); !head.empty(); head = read_head_of(fd)) {
      if (head.starts_with("PATCH")) exactly(fd, kBody.size());  // what is unread at the end is a reset
      write_all(fd, kOk);
      if (close_after_first) return;
    }
  });
  Client client;
  for (auto* method : {"GET", "POST"}) {
    auto request = get(server.url());
    request.method = method;
    auto response = client.perform(request);
    REQUIRE(response);
    CHECK(response->body == "ok");
  }
  CHECK(server.accepted() == 2);
  for (int i = 0; i < 20; ++i) {  // its end may be seen before the body is read, or while it is sent
    TextSource text{kBody};
    CHECK(client.perform(upload(server.url(), text)));
  }
  close_after_first = false;
  REQUIRE(client.perform(get(server.url())));
  const int before = server.accepted();
  for (int i = 0; i < 5; ++i) REQUIRE(client.perform(get(server.url())));
  CHECK(server.accepted() == before);
}

TEST_CASE("a port where nobody listens refuses, a name without address is unknown") {
  std::uint16_t port = 0;
  {
    port = FakeServer([](int) {}).port();
  }
  Client client;
  auto refused = error_of(client, get("http://127.0.0.1:" + std::to_string(port) + "/"));
  CHECK(refused.kind == ErrorKind::kUnavailable);
  CHECK(refused.message == "127.0.0.1:" + std::to_string(port) + " refused the connection");
  // A label of 64 characters cannot be asked for (RFC 1035 section 2.3.4), so no name server is troubled.
  auto unknown = error_of(client, get("http://" + std::string(64, 'x') + ".example/"));
  CHECK(unknown.kind == ErrorKind::kUnavailable);
  CHECK(unknown.message.find("cannot be resolved") != std::string::npos);
}

TEST_CASE("what cannot be sent is refused before anything is") {
  Client client;
  auto with_field = [](std::string name, std::string value) {
    auto request = get("http://127.0.0.1:1/");
    request.headers = {{std::move(name), std::move(value)}};
    return request;
  };
  CHECK(error_of(client, with_field("X-A", "a\r\nX-B: c")).kind == ErrorKind::kInvalidArgument);
  CHECK(error_of(client, with_field("X A", "a")).kind == ErrorKind::kInvalidArgument);
  CHECK(error_of(client, get("file:///etc/hostname")).kind == ErrorKind::kInvalidArgument);
  auto method = get("http://127.0.0.1:1/");
  method.method = "GET / HTTP/1.1\r\nX: y";
  CHECK(error_of(client, method).kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("an early answer in the middle of an upload is delivered") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    write_all(fd,
              "HTTP/1.1 409 Conflict\r\nUpload-Offset: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    ::shutdown(fd, SHUT_WR);
    char drain[65536];
    while (::recv(fd, drain, sizeof drain, 0) > 0) {
    }
  });
  Client client;
  TextSource text{std::string(50'000'000, 'x')};
  auto response = client.perform(upload(server.url(), text));
  REQUIRE(response);
  CHECK(response->status == 409);
  CHECK(response->header("upload-offset") == "7");
  CHECK(text.at < text.text.size());
}

TEST_CASE("with expect_continue a refusal costs not one byte of the body") {
  FakeServer server([](int fd) {
    CHECK(read_head_of(fd).find("Expect: 100-continue\r\n") != std::string::npos);
    write_all(fd, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  Client client;
  TextSource text{std::string(1'000'000, 'x')};
  auto request = upload(server.url(), text);
  request.expect_continue = true;
  auto response = client.perform(request);
  REQUIRE(response);
  CHECK(response->status == 401);
  CHECK(text.calls == 0);
}

TEST_CASE("interim answers are passed over") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    write_all(fd, "HTTP/1.1 103 Early Hints\r\nX-Interim: yes\r\n\r\n");
    write_all(fd, "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /x\r\n\r\n");
    write_all(fd, kOk);
  });
  Client client;
  auto response = client.perform(get(server.url()));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->header("x-interim").empty());
  CHECK(response->header("location").empty());
}

TEST_CASE("a reset in the middle of the body is an unavailable peer, and the client stays usable") {
  std::atomic<bool> hostile{true};
  FakeServer server([&](int fd) {
    read_head_of(fd);
    if (!hostile) return write_all(fd, kOk);
    char some[10'000];
    ::recv(fd, some, sizeof some, MSG_WAITALL);
    linger hard{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  });
  Client client;
  TextSource text{std::string(50'000'000, 'x')};
  auto error = error_of(client, upload(server.url(), text));
  CHECK(error.kind == ErrorKind::kUnavailable);
  CHECK(error.message.find("127.0.0.1:" + std::to_string(server.port())) != std::string::npos);
  hostile = false;
  CHECK(client.perform(get(server.url())).has_value());
}

TEST_CASE("silence after the body is a timeout, measured from the last byte") {
  for (auto* how : {"no body", "a body", "a source"}) {
    INFO(how);
    Event leave;
    FakeServer server([&](int fd) {
      read_head_of(fd);
      char some[5];
      if (how[0] == 'a') ::recv(fd, some, sizeof some, MSG_WAITALL);
      leave.wait(20s);
    });
    Client client;
    TextSource text{"bytes"};
    auto request = how[0] == 'a' && how[2] == 's' ? upload(server.url(), text) : get(server.url());
    if (how[2] == 'b') request.body = "bytes";
    request.answer_timeout = 700ms;
    const auto begin = std::chrono::steady_clock::now();
    auto error = error_of(client, request);
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(error.kind == ErrorKind::kTimedOut);
    CHECK(error.message.find("gave no answer within 700 ms") != std::string::npos);
    CHECK(took >= 700ms);
    CHECK(took < 2s);
    leave.set();
  }
}

TEST_CASE("a head and a body that trickle for ever are timeouts") {
  for (std::string begin : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"}) {
    std::atomic<bool> ended{false};
    FakeServer server([&](int fd) {
      read_head_of(fd);
      write_all(fd, begin);
      while (!ended) {
        write_all(fd, "X");
        std::this_thread::sleep_for(20ms);
      }
    });
    Client client;
    auto request = get(server.url());
    request.answer_timeout = 700ms;
    auto error = error_of(client, request);
    ended = true;
    INFO(begin);
    CHECK(error.kind == ErrorKind::kTimedOut);
  }
}

TEST_CASE("a peer that stops reading is a timeout, and progress tells exactly what its kernel acknowledged") {
  std::atomic<long> arrived{0};
  Event leave;
  std::size_t head_size = 0;
  FakeServer server([&](int fd) {
    head_size = read_head_of(fd).size();
    long body = 0;
    char some[1000];
    body += ::recv(fd, some, sizeof some, MSG_WAITALL);
    while (!leave.wait(50ms)) {
      int waiting = 0;
      ::ioctl(fd, FIONREAD, &waiting);
      arrived = body + waiting;
    }
  });
  ClientOptions options;
  options.dead_peer_timeout = 1500ms;
  Client client(options);
  TextSource text{std::string(50'000'000, 'x')};
  auto request = upload(server.url(), text);
  std::uint64_t acked = 0;
  request.on_progress = [&](std::uint64_t bytes) {
    acked = bytes;
    return true;
  };
  const auto begin = std::chrono::steady_clock::now();
  auto error = error_of(client, request);
  const auto took = std::chrono::steady_clock::now() - begin;
  leave.set();
  CHECK(error.kind == ErrorKind::kTimedOut);
  CHECK(took >= 1s);
  CHECK(took < 8s);
  CHECK(acked == static_cast<std::uint64_t>(arrived));
  CHECK(text.at > acked);  // more was read from the source and handed to the kernel
}

TEST_CASE("progress can cancel, and comes about four times a second") {
  Event leave;
  FakeServer server([&](int fd) {
    read_head_of(fd);
    leave.wait(20s);
  });
  Client client;
  auto request = get(server.url());
  int calls = 0;
  request.on_progress = [&](std::uint64_t) { return ++calls < 5; };
  const auto begin = std::chrono::steady_clock::now();
  auto error = error_of(client, request);
  const auto took = std::chrono::steady_clock::now() - begin;
  leave.set();
  CHECK(error.kind == ErrorKind::kCancelled);
  CHECK(took > 900ms);
  CHECK(took < 2s);
}

TEST_CASE("an error of the source, and a source that is too short, end the request with their own words") {
  FakeServer server([](int fd) {
    char drain[65536];
    while (::recv(fd, drain, sizeof drain, 0) > 0) {
    }
  });
  Client client;
  ClientRequest request;
  request.method = "PATCH";
  request.url = server.url();
  request.source_size = 100;
  request.source = [](std::uint64_t, std::span<std::uint8_t>) -> Result<std::size_t> {
    return fail(ErrorKind::kCorrupted, "the package changed");
  };
  auto error = error_of(client, request);
  CHECK(error.kind == ErrorKind::kCorrupted);
  CHECK(error.message == "the package changed");
  TextSource text{"short"};
  request.source = text.source();
  CHECK(error_of(client, request).message == "the body's source ended before its size");
}

TEST_CASE("answers that are cut, empty, garbage or too large are errors that say so") {
  struct {
    std::string answer;
    std::string words;
  } answers[] = {
      {"", "closed the connection without an answer"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "was cut short"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ""},
      {"SSH-2.0-OpenSSH_9.2\r\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n" + std::string(17'000'000, 'x'),
       "larger than 16 MiB"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(500'000, 'x') + "\r\n\r\n", ""},
  };
  for (auto& [answer, words] : answers) {
    FakeServer server([&](int fd) {
      read_head_of(fd);
      write_all(fd, answer);
    });
    Client client;
    auto error = error_of(client, get(server.url()));
    INFO(error.message);
    CHECK((error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kCorrupted));
    CHECK(error.message.find(words) != std::string::npos);
    CHECK(error.message.find("127.0.0.1:") != std::string::npos);
  }
}

TEST_CASE("a proxy is asked for the absolute address") {
  std::string head;
  FakeServer proxy([&](int fd) {
    head = read_head_of(fd);
    write_all(fd, kOk);
  });
  ClientOptions options;
  options.proxy = proxy.url("");
  Client client(options);
  REQUIRE(client.perform(get("http://platform.example/x")));
  CHECK(head.substr(0, head.find("\r\n")) == "GET http://platform.example/x HTTP/1.1");
}

TEST_CASE("our client uploads to our server, and reuses its connection") {
  Server server{ServerOptions{}};
  std::atomic<int> finished{0};
  struct Sink final : BodySink {
    explicit Sink(std::atomic<int>& count) : finished(count) {}
    Status write(ByteView bytes) override {
      hash.update(bytes);
      return {};
    }
    Response finish() override {
      ++finished;
      return text(200, to_hex(hash.finish()));
    }
    void aborted() override {}
    Sha256 hash;
    std::atomic<int>& finished;
  };
  server.upload("PATCH", "/up", [&](const Request&) -> std::variant<std::unique_ptr<BodySink>, Response> {
    return std::make_unique<Sink>(finished);
  });
  REQUIRE(server.start());
  Client client;
  for (int i = 0; i < 3; ++i) {
    TextSource text{random_text(10'000'000, static_cast<unsigned>(i))};
    auto response = client.perform(upload(url_of(server, "/up"), text));
    REQUIRE(response);
    CHECK(response->body == to_hex(sha256(std::string_view(text.text))));
  }
  CHECK(finished == 3);
}

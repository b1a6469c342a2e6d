// The lines of schools: proxies that want a name, name servers that die, limits of our own.

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "firmware/http/client.h"
#include "firmware/http/proxy_script.h"
#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

ClientRequest get(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

}  // namespace

TEST_CASE("an address that is known helps when its name cannot be resolved any more") {
  FakeServer server([](int fd) {
    while (!read_head_of(fd).empty()) write_all(fd, kOk);
  });
  // RFC 6761 section 6.4: "invalid" names never resolve.
  const std::string peer = "platform.invalid:" + std::to_string(server.port());
  Client stranger;
  CHECK_FALSE(stranger.perform(get("http://" + peer + "/")));
  CHECK(stranger.cause() == Cause::kName);
  ClientOptions options;
  options.known_addresses[peer] = "127.0.0.1";
  Client client(options);
  const auto response = client.perform(get("http://" + peer + "/"));
  REQUIRE(response);
  CHECK(response->body == "ok");
}

TEST_CASE("the address that answered is known from then on") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    write_all(fd, kOk);
  });
  Client client;
  REQUIRE(client.perform(get(server.url())));
  CHECK(client.known_addresses().at("127.0.0.1:" + std::to_string(server.port())) == "127.0.0.1");
}

TEST_CASE("a proxy gets the name and password that are set for it, with the first request") {
  std::string head;
  FakeServer proxy([&](int fd) {
    head = read_head_of(fd);
    write_all(fd, kOk);
  });
  ClientOptions options;
  options.proxy = proxy.url("");
  options.proxy_user = "recorder";
  options.proxy_password = "a:b c";
  Client client(options);
  REQUIRE(client.perform(get("http://platform.invalid/x")));
  // `printf 'recorder:a:b c' | base64`
  CHECK(head.find("Proxy-Authorization: Basic cmVjb3JkZXI6YTpiIGM=\r\n") != std::string::npos);
}

TEST_CASE("a proxy that refuses a tunnel says so, and one that wants a name is told apart") {
  struct {
    std::string answer;
    Cause cause;
  } answers[] = {{"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
                  "realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                  Cause::kProxySignIn},
                 {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Cause::kProxy}};
  for (const auto& [answer, cause] : answers) {
    FakeServer proxy([&](int fd) {
      read_head_of(fd);
      write_all(fd, answer);
    });
    ClientOptions options;
    options.proxy = proxy.url("");
    Client client(options);
    const auto response = client.perform(get("https://platform.invalid/x"));
    REQUIRE_FALSE(response);
    INFO(response.error().message);
    CHECK(to_string(client.cause()) == to_string(cause));
    CHECK(response.error().message.find("proxy") != std::string::npos);
  }
}

TEST_CASE("a SOCKS5 proxy with a name resolves names itself") {
  std::string seen;
  FakeServer proxy([&](int fd) {
    // RFC 1928 and 1929: greeting, user and password, connect by name.
    const std::string greeting = exactly(fd, 2);
    exactly(fd, static_cast<std::size_t>(greeting[1]));
    write_all(fd, std::string_view("\x05\x02", 2));
    exactly(fd, 1);
    const std::string user = exactly(fd, static_cast<std::size_t>(exactly(fd, 1)[0]));
    const std::string password = exactly(fd, static_cast<std::size_t>(exactly(fd, 1)[0]));
    write_all(fd, std::string_view("\x01\x00", 2));
    exactly(fd, 4);
    const std::string host = exactly(fd, static_cast<std::size_t>(exactly(fd, 1)[0]));
    exactly(fd, 2);
    write_all(fd, std::string_view("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10));
    seen = user + " " + password + " " + host;
    read_head_of(fd);
    write_all(fd, kOk);
  });
  ClientOptions options;
  options.proxy = "socks5h://127.0.0.1:" + std::to_string(proxy.port());
  options.proxy_user = "recorder";
  options.proxy_password = "secret";
  Client client(options);
  const auto response = client.perform(get("http://platform.invalid/x"));
  REQUIRE(response);
  CHECK(seen == "recorder secret platform.invalid");
}

TEST_CASE("a proxy script is asked, and its next choice is taken when one does not answer") {
  std::string head;
  FakeServer proxy([&](int fd) {
    head = read_head_of(fd);
    write_all(fd, kOk);
  });
  std::uint16_t closed = 0;
  {
    closed = FakeServer([](int) {}).port();
  }
  TempDir dir;
  dir.write("proxy.pac",
            "function FindProxyForURL(url, host) {\n  if (dnsDomainIs(host, \".invalid\")) return 'PROXY "
            "127.0.0.1:" +
                std::to_string(closed) + "; PROXY 127.0.0.1:" + std::to_string(proxy.port()) +
                "';\n  return 'DIRECT';\n}\n");
  const auto script_answer = proxy_script(dir.path("proxy.pac"));
  if (!script_answer("http://platform.invalid/x")) {
    WARN("shilu-pac is not built beside this test");
    return;
  }
  CHECK(script_answer("http://127.0.0.1/") == "DIRECT");
  ClientOptions options;
  options.proxy_for = script_answer;
  Client client(options);
  CHECK_FALSE(client.perform(get("http://platform.invalid/x")));
  REQUIRE(client.perform(get("http://platform.invalid/x")));
  CHECK(head.substr(0, head.find("\r\n")) == "GET http://platform.invalid/x HTTP/1.1");
}

TEST_CASE("a proxy script that is wrong or never ends is an error, and we live on") {
  TempDir dir;
  dir.write("wrong.pac", "function FindProxyForURL(url, host) { return ; oops");
  CHECK_FALSE(proxy_script(dir.path("wrong.pac"))("http://a.invalid/"));
  dir.write("endless.pac", "function FindProxyForURL(url, host) { for (;;) {} }");
  CHECK_FALSE(proxy_script(dir.path("endless.pac"))("http://a.invalid/"));
  CHECK_FALSE(proxy_script(dir.path("absent.pac"))("http://a.invalid/"));
}

TEST_CASE("a body that a limit holds back waits, is asked for again, and arrives whole") {
  std::string arrived;
  constexpr std::size_t kSize = 100'000;
  FakeServer server([&](int fd) {
    read_head_of(fd);
    arrived = exactly(fd, kSize);
    write_all(fd, kOk);
  });
  ClientOptions options;
  options.silence = std::chrono::milliseconds(300);
  options.dead_peer_timeout = std::chrono::milliseconds(300);
  Client client(options);
  const std::string body = random_text(kSize, 1);
  int asked = 0;
  ClientRequest request;
  request.method = "PATCH";
  request.url = server.url();
  request.source_size = kSize;
  request.source = [&](std::uint64_t at, std::span<std::uint8_t> buffer) -> Result<std::size_t> {
    CHECK(buffer.size() <= 30'000);
    std::copy_n(body.data() + at, buffer.size(), buffer.data());
    return buffer.size();
  };
  // Nothing for a long while in the middle: longer than any silence that is suffered from a peer.
  request.allowance = [&](std::size_t wanted) {
    return ++asked > 1 && asked < 100 ? 0 : std::min<std::size_t>(wanted, 30'000);
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto response = client.perform(request);
  REQUIRE(response);
  CHECK(asked >= 100);
  CHECK(std::chrono::steady_clock::now() - begin > 900ms);  // each 10 ms, not as fast as a processor can
  CHECK(arrived == body);
}

TEST_CASE("the line's round trip is told while a request runs") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    exactly(fd, 5'000'000);
    write_all(fd, kOk);
  });
  Client client;
  ClientRequest request;
  request.method = "PATCH";
  request.url = server.url();
  request.source_size = 5'000'000;
  request.source = [](std::uint64_t, std::span<std::uint8_t> buffer) -> Result<std::size_t> {
    return buffer.size();
  };
  LineSample last;
  request.on_line = [&](const LineSample& sample) { last = sample; };
  REQUIRE(client.perform(request));
  CHECK(last.round_trip.count() > 0);
  CHECK(last.acked_bytes == 5'000'000);
}

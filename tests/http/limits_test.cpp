// What the server does not put up with: too large, too slow, too many.

#include <poll.h>
#include <catch2/catch.hpp>

#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

ServerOptions tight() {
  ServerOptions options;
  options.max_buffered_body = 1000;
  options.head_timeout_s = 1;
  options.body_timeout_s = 1;
  options.idle_timeout_s = 1;
  return options;
}

struct Running {
  Server server;
  std::atomic<int> calls{0};
  explicit Running(ServerOptions options = tight()) : server(std::move(options)) {
    server.route("POST", "/size", [this](const Request& request) {
      ++calls;
      return text(200, std::to_string(request.body.size()));
    });
    server.route("GET", "/hello", [](const Request&) { return text(200, "hello\n"); });
    REQUIRE(server.start());
  }
};

}  // namespace

TEST_CASE("a buffered body over the limit is 413, said before it is sent or while it is") {
  Running r;
  auto curl = [&](int size, const std::string& arguments) {
    return run_command("head -c " + std::to_string(size) +
                       " /dev/zero | curl -sS -i --max-time 20 --data-binary @- " + arguments + " " +
                       url_of(r.server, "/size"));
  };
  CHECK(body_of(curl(1000, "")) == "1000");
  CHECK(status_of(curl(1001, "")) == 413);
  CHECK(status_of(curl(5'000'000, "-H 'Expect: 100-continue'")) == 413);
  CHECK(status_of(curl(5'000'000, "-H 'Expect:' -H 'Transfer-Encoding: chunked'")) == 413);
  CHECK(body_of(curl(900, "-H 'Expect:' -H 'Transfer-Encoding: chunked'")) == "900");
  CHECK(r.calls == 2);
  RawPeer peer(r.server.port());
  peer.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 413);
}

TEST_CASE("a head over 16 KiB is 431") {
  Running r;
  auto answer =
      run_command("curl -sS -i --max-time 20 -H \"X-Long: $(head -c 17000 /dev/zero | tr '\\0' x)\" " +
                  url_of(r.server, "/hello"));
  CHECK(status_of(answer) == 431);
}

TEST_CASE("a head that trickles is 408 after the head timeout, however lively the trickle") {
  Running r;
  RawPeer peer(r.server.port());
  peer.send("GET /hello HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  pollfd answered{peer.fd(), POLLIN, 0};
  while (::poll(&answered, 1, 100) == 0 && std::chrono::steady_clock::now() - begin < 10s)
    peer.send("X: y\r\n");
  CHECK(status_of(peer.read_all()) == 408);
  CHECK(std::chrono::steady_clock::now() - begin < 4s);
}

TEST_CASE("a buffered body that stalls is 408 and reaches no handler") {
  Running r;
  RawPeer peer(r.server.port());
  peer.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 408);
  CHECK(r.calls == 0);
}

TEST_CASE("a connection that asks nothing is closed without a word") {
  Running r;
  RawPeer silent(r.server.port());
  RawPeer idle(r.server.port());
  idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_until("hello\n");
  CHECK(silent.read_all(4s).empty());
  CHECK(idle.read_all(4s).empty());
}

TEST_CASE("a peer that does not read its answer is dropped after the body timeout") {
  Running r;
  TempDir dir;
  dir.write("big", std::string(40'000'000, 'x'));
  Server server{tight()};
  server.route("GET", "/big", [&](const Request&) { return *file(dir.path("big")); });
  REQUIRE(server.start());
  RawPeer peer(server.port());
  peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  pollfd reset{peer.fd(), 0, 0};  // POLLERR and POLLHUP are always told
  CHECK(::poll(&reset, 1, 10'000) == 1);
}

TEST_CASE("one connection too many is 503 with Retry-After, and a place that is freed is given again") {
  auto options = ServerOptions{};
  options.max_connections = 3;
  Running r(options);
  auto greet = [&](RawPeer& peer) {
    return status_of(peer.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n"));
  };
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(std::make_unique<RawPeer>(r.server.port()));
    CHECK(greet(*peers.back()) == 200);
  }
  RawPeer fourth(r.server.port());
  auto refused = fourth.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_all();
  CHECK(status_of(refused) == 503);
  CHECK(field_of(refused, "Retry-After") == "1");
  peers.pop_back();
  CHECK(eventually([&] {
    RawPeer again(r.server.port());
    return greet(again) == 200;
  }));
}

TEST_CASE("one address has its share of the connections, and no more") {
  auto options = ServerOptions{};
  options.address = "0.0.0.0";
  options.max_connections_of_peer = 2;
  Running r(options);
  const auto greet = [&](RawPeer& peer) {
    return status_of(peer.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n"));
  };
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 2; ++i) {
    peers.push_back(std::make_unique<RawPeer>(r.server.port()));
    CHECK(greet(*peers.back()) == 200);
  }
  RawPeer third(r.server.port());
  CHECK(status_of(third.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_all()) == 503);
  const auto from_elsewhere = "curl -sS -i --max-time 20 --interface 127.0.0.2 " + url_of(r.server, "/hello");
  CHECK(status_of(run_command(from_elsewhere)) == 200);
  peers.clear();
  CHECK(eventually([&] {
    RawPeer again(r.server.port());
    return greet(again) == 200;
  }));
}

TEST_CASE("a body that dribbles in has a deadline as a whole") {
  auto options = tight();
  options.body_timeout_s = 20;
  options.whole_body_timeout_s = 2;
  Running r(options);
  const auto begun = std::chrono::steady_clock::now();
  RawPeer peer(r.server.port());
  peer.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nx");
  pollfd answer{peer.fd(), POLLIN, 0};
  while (::poll(&answer, 1, 200) == 0 && std::chrono::steady_clock::now() < begun + std::chrono::seconds(15))
    peer.send("x");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 408);
  CHECK(r.calls == 0);
}

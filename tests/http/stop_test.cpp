#include <catch2/catch.hpp>

#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

TEST_CASE("stop ends idle, half-sent and streaming connections at once, and may be called twice") {
  Server server{ServerOptions{}};
  TempDir dir;
  dir.write("big", std::string(40'000'000, 'x'));
  std::shared_ptr<EventSink> sink;
  Event opened;
  server.route("GET", "/hello", [](const Request&) { return text(200, "hello\n"); });
  server.route("GET", "/big", [&](const Request&) { return *file(dir.path("big")); });
  server.route("GET", "/events", [&](const Request&) {
    Response response;
    response.body = EventStream{[&](std::shared_ptr<EventSink> s) {
      sink = std::move(s);
      opened.set();
    }};
    return response;
  });
  REQUIRE(server.start());
  RawPeer silent(server.port()), idle(server.port()), half(server.port()), reading(server.port()),
      events(server.port());
  idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read_until("hello\n");
  half.send("GET /hello HT");
  reading.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  REQUIRE(opened.wait());
  const auto begin = std::chrono::steady_clock::now();
  server.stop();
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
  for (auto* peer : {&silent, &idle, &half, &reading, &events}) CHECK(peer->is_closed_within(2s));
  CHECK_FALSE(sink->send("late", "x"));  // the sink outlives its server
  server.stop();
}

TEST_CASE("stop waits for a handler that runs") {
  Server server{ServerOptions{}};
  Event entered, leave;
  std::atomic<bool> left{false};
  server.route("GET", "/slow", [&](const Request&) {
    entered.set();
    leave.wait();
    left = true;
    return no_content();
  });
  REQUIRE(server.start());
  RawPeer peer(server.port());
  peer.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(entered.wait());
  Event stopped;
  std::thread stopper([&] {
    server.stop();
    stopped.set();
  });
  CHECK_FALSE(stopped.wait(200ms));
  leave.set();
  CHECK(stopped.wait());
  CHECK(left);
  stopper.join();
}

TEST_CASE("a server that never started stops without a fuss, and the port of one that stopped is free") {
  Server unused{ServerOptions{}};
  unused.stop();
  ServerOptions options;
  {
    Server first{options};
    REQUIRE(first.start());
    options.port = first.port();
    RawPeer peer(first.port());
  }
  Server second{options};
  CHECK(second.start());
}

// Server-sent events with curl and a raw socket as the browser.

#include <catch2/catch.hpp>

#include "tests/http/http_fixture.h"

using namespace shilu::http;
using namespace shilu::http::test;

namespace {

struct Stream {
  Server server;
  std::mutex mutex;
  std::vector<std::shared_ptr<EventSink>> sinks;
  std::string last_event_id;

  explicit Stream(ServerOptions options = {}) : server(std::move(options)) {
    server.route("GET", "/events", [this](const Request& request) {
      last_event_id = request.header("last-event-id");
      Response response;
      response.body = EventStream{[this](std::shared_ptr<EventSink> sink) {
        std::lock_guard lock(mutex);
        sinks.push_back(std::move(sink));
      }};
      return response;
    });
    server.route("GET", "/hello", [](const Request&) { return text(200, "hello\n"); });
    REQUIRE(server.start());
  }
  std::shared_ptr<EventSink> sink(std::size_t index = 0) {
    REQUIRE(eventually([&] {
      std::lock_guard lock(mutex);
      return sinks.size() > index;
    }));
    std::lock_guard lock(mutex);
    return sinks[index];
  }
};

}  // namespace

TEST_CASE("curl sees the events as they are sent, and the end when the sink is closed") {
  Stream s;
  std::string seen;
  std::thread reader([&] {
    seen = run_command("curl -sS -N --max-time 20 -H 'Last-Event-ID: 41' " + url_of(s.server, "/events"),
                       OnFailure::kAccept);
  });
  auto sink = s.sink();
  CHECK(sink->send("mark", "one\ntwo", "42"));
  CHECK(sink->send("", "plain"));
  sink->close();
  CHECK_FALSE(sink->send("mark", "late"));
  reader.join();
  CHECK(seen == "event: mark\nid: 42\ndata: one\ndata: two\n\ndata: plain\n\n");
  CHECK(s.last_event_id == "41");
}

TEST_CASE("Python's event reader gets a thousand events in their order from several threads") {
  Stream s;
  std::string out;
  std::thread reader([&] {
    out =
        run_command("python3 " + script("event_reader.py") + " " + std::to_string(s.server.port()) + " 1000");
  });
  auto sink = s.sink();
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) sink->send("t" + std::to_string(t), std::to_string(i));
    });
  }
  for (auto& sender : senders) sender.join();
  reader.join();
  CHECK(out == "250 250 250 250 in order\n");
}

TEST_CASE("a peer that leaves is noticed without sending to it") {
  Stream s;
  auto peer = std::make_unique<RawPeer>(s.server.port());
  peer->send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  auto sink = s.sink();
  CHECK(sink->send("", "x"));
  peer.reset();
  CHECK(eventually([&] { return !sink->send("", "x"); }));
}

TEST_CASE("a peer more than 256 KiB behind is closed, and send never waits for it") {
  Stream s;
  RawPeer peer(s.server.port());
  peer.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  auto sink = s.sink();
  const std::string data(1000, 'x');
  const auto begin = std::chrono::steady_clock::now();
  int accepted = 0;
  while (accepted < 200'000 && sink->send("", data)) ++accepted;
  CHECK(accepted < 200'000);
  CHECK(accepted > 200);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(peer.is_closed_within(5s));
}

TEST_CASE("an event stream of HEAD opens no subscription") {
  Stream s;
  auto answer = run_command("curl -sS -I --max-time 20 " + url_of(s.server, "/events"));
  CHECK(field_of(answer, "Content-Type") == "text/event-stream");
  CHECK(s.sinks.empty());
}

TEST_CASE("a hundred streams share the loop and each gets its events") {
  Stream s;
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::size_t i = 0; i < 100; ++i) {
    peers.push_back(std::make_unique<RawPeer>(s.server.port()));
    peers.back()->send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
    s.sink(i);
  }
  for (std::size_t i = 0; i < 100; ++i) CHECK(s.sink(i)->send("", "to all"));
  for (auto& peer : peers) CHECK(peer->read_until("\n\n") == "data: to all\n\n");
}

TEST_CASE("a silent stream gets a comment, by default every 15 s") {
  CHECK(ServerOptions().event_keep_alive_s == 15);
  ServerOptions options;
  options.event_keep_alive_s = 1;
  Stream s(options);
  RawPeer peer(s.server.port());
  peer.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").read_until("\r\n\r\n");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(peer.read_until("\n\n") == ":\n\n");
  CHECK(peer.read_until("\n\n") == ":\n\n");
  const auto waited = std::chrono::steady_clock::now() - begin;
  CHECK(waited > 1900ms);
  CHECK(waited < 5s);
}

// WebSockets with a client of Python's standard library (websocket_peer.py).

#include <catch2/catch.hpp>

#include "firmware/base/digest.h"
#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

struct Live {
  Server server{ServerOptions{}};
  std::atomic<int> opened{0}, closed{0};
  std::mutex mutex;
  std::vector<std::string> texts;
  std::shared_ptr<WebSocket> last;

  Live() {
    server.websocket("/live", {.admit = [](const Request& request) -> std::optional<Response> {
                                 if (request.header("x-refuse").empty()) return {};
                                 return problem(403, "permission-denied", "sign in first");
                               },
                               .on_open =
                                   [this](const Request&, std::shared_ptr<WebSocket> socket) {
                                     ++opened;
                                     std::lock_guard lock(mutex);
                                     last = std::move(socket);
                                   },
                               .on_text =
                                   [this](std::shared_ptr<WebSocket> socket, std::string_view text) {
                                     {
                                       std::lock_guard lock(mutex);
                                       texts.emplace_back(text);
                                     }
                                     socket->send_text(std::string(text));
                                   },
                               .on_close = [this](std::shared_ptr<WebSocket>) { ++closed; }});
    REQUIRE(server.start());
  }
  std::string peer(const std::string& what) {
    return run_command("python3 " + script("websocket_peer.py") + " " + std::to_string(server.port()) + " " +
                       what);
  }
  std::shared_ptr<WebSocket> socket() {
    REQUIRE(eventually([&] {
      std::lock_guard lock(mutex);
      return last != nullptr;
    }));
    return last;
  }
};

}  // namespace

TEST_CASE("texts, fragments, a ping between them and the largest message come through") {
  Live live;
  CHECK(live.peer("echo") == "课 one\n10:between 1:in pieces\n65536\nclosed 1000\n");
  CHECK(live.opened == 1);
  CHECK(eventually([&] { return live.closed == 1; }));
}

TEST_CASE("what a WebSocket client must not send closes it with the code of the RFC") {
  Live live;
  CHECK(live.peer("too_large") == "closed 1009\n");
  CHECK(live.peer("too_large_in_pieces") == "closed 1009\n");
  CHECK(live.peer("unmasked") == "closed 1002\n");
  CHECK(live.peer("reserved") == "closed 1002\n");
  CHECK(live.peer("not_utf8") == "closed 1007\n");
  CHECK(live.peer("client_binary") == "closed 1003\n");
  CHECK(live.texts.empty());
  CHECK(eventually([&] { return live.closed == 6; }));
}

TEST_CASE("a frame that came with the handshake is not lost") {
  Live live;
  CHECK(live.peer("early") == "HTTP/1.1 101 Switching Protocols b'\\x81\\x05early'\n");
}

TEST_CASE("a peer that is not admitted gets the problem instead of the upgrade") {
  Live live;
  CHECK(live.peer("refused") == "403 application/problem+json\n");
  CHECK(live.opened == 0);
}

TEST_CASE("a plain GET of a WebSocket address is told to upgrade") {
  Live live;
  auto answer = run_command("curl -sS -i --max-time 20 " + url_of(live.server, "/live"));
  CHECK(status_of(answer) == 426);
  CHECK(field_of(answer, "Upgrade") == "websocket");
}

TEST_CASE("a peer that vanishes closes the socket once") {
  Live live;
  live.peer("vanish");
  CHECK(eventually([&] { return live.closed == 1; }));
  CHECK(live.opened == 1);
  CHECK_FALSE(live.socket()->send_text("late"));
}

TEST_CASE("binary messages arrive whole and in order, then text, then the close") {
  Server server{ServerOptions{}};
  Sha256 hash;
  std::uint64_t total = 0;
  std::vector<std::shared_ptr<const Bytes>> fragments;
  for (unsigned i = 0; i < 20; ++i) {
    fragments.push_back(std::make_shared<const Bytes>(to_bytes(random_text(i * 17'011, i))));
    hash.update(*fragments.back());
    total += fragments.back()->size();
  }
  server.websocket("/video", {.admit = nullptr,
                              .on_open =
                                  [&](const Request&, std::shared_ptr<WebSocket> socket) {
                                    for (auto& fragment : fragments) socket->send_binary(fragment);
                                    socket->send_text("the end");
                                    socket->close();
                                    CHECK_FALSE(socket->send_text("late"));
                                  },
                              .on_text = nullptr,
                              .on_close = nullptr});
  REQUIRE(server.start());
  auto out =
      run_command("python3 " + script("websocket_peer.py") + " " + std::to_string(server.port()) + " binary");
  CHECK(out == std::to_string(total) + " " + to_hex(hash.finish()) + "\ntext the end\nclosed 1000\n");
}

TEST_CASE("a peer more than 8 MiB behind is closed, and send never waits for it") {
  Live live;
  RawPeer peer(live.server.port());
  peer.send(
      "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  auto head = peer.read_until("\r\n\r\n");
  CHECK(field_of(head, "Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 section 1.3
  CHECK(field_of(head, "Server") == "shilu");  // Beast insists on one; not on telling its version
  auto socket = live.socket();
  auto message = std::make_shared<const Bytes>(Bytes(1u << 20));
  int accepted = 0;
  while (accepted < 100 && socket->send_binary(message)) ++accepted;
  CHECK(accepted >= 8);
  CHECK(accepted < 40);
  CHECK(eventually([&] { return live.closed == 1; }, 5s));
  CHECK(peer.is_closed_within(5s));
}

TEST_CASE("queued bytes are counted until the kernel has them") {
  Live live;
  RawPeer peer(live.server.port());
  peer.send(
          "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
          "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
      .read_until("\r\n\r\n");
  auto socket = live.socket();
  REQUIRE(socket->send_text("hello"));
  CHECK(peer.read_until("hello") == "\x81\x05hello");
  CHECK(eventually([&] { return socket->queued_bytes() == 0; }));
}

TEST_CASE("close from this side reaches the peer as 1000") {
  Live live;
  std::string seen;
  std::thread peer([&] { seen = live.peer("wait_close"); });
  live.socket()->close();
  peer.join();
  CHECK(seen == "closed 1000\n");
  CHECK(eventually([&] { return live.closed == 1; }, 15s));
}

TEST_CASE("stop closes WebSockets, calls on_close, and the socket outlives its server") {
  auto live = std::make_unique<Live>();
  RawPeer peer(live->server.port());
  peer.send(
          "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
          "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
      .read_until("\r\n\r\n");
  auto socket = live->socket();
  const auto begin = std::chrono::steady_clock::now();
  live->server.stop();
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
  CHECK(live->closed == 1);
  CHECK(peer.is_closed_within(2s));
  live.reset();
  CHECK_FALSE(socket->send_text("late"));
}

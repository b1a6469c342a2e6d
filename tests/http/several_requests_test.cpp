// Several requests at a time over one client.

#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <map>

#include "firmware/http/client.h"
#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

ClientRequest get(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The next that ends, or the test fails.
Client::Ended next_of(Client& client) {
  auto ended = client.turn(10s);
  REQUIRE(ended);
  return std::move(*ended);
}

}  // namespace

TEST_CASE("several requests are under way at once, and each answer comes with its ticket") {
  // The first is answered only when the second has come, so that they cannot have gone one after the other.
  Event second_came;
  FakeServer first([&](int fd) {
    read_head_of(fd);
    second_came.wait();
    write_all(fd, ok("one"));
  });
  FakeServer second([&](int fd) {
    read_head_of(fd);
    second_came.set();
    write_all(fd, ok("two"));
  });
  Client client;
  const auto one = client.begin(get(first.url()));
  const auto two = client.begin(get(second.url()));
  REQUIRE((one && two));
  std::map<Client::Ticket, std::string> bodies;
  for (int i = 0; i < 2; ++i) {
    const auto ended = next_of(client);
    REQUIRE(ended.response);
    bodies[ended.ticket] = ended.response->body;
  }
  CHECK(bodies == std::map<Client::Ticket, std::string>{{*one, "one"}, {*two, "two"}});
  CHECK_FALSE(client.turn(1ms));
}

TEST_CASE("a request that fails leaves the one beside it alone, and each has its own cause") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    write_all(fd, ok("good"));
  });
  Client client;
  const auto bad = client.begin(get("http://127.0.0.1:9/"));  // the discard port: nobody listens
  const auto good = client.begin(get(server.url()));
  REQUIRE((bad && good));
  for (int i = 0; i < 2; ++i) {
    const auto ended = next_of(client);
    CHECK(ended.response.has_value() == (ended.ticket == *good));
    CHECK(ended.cause == (ended.ticket == *good ? Cause::kNone : Cause::kRefused));
  }
}

TEST_CASE("a peer that does not accept is noticed although another connection stands") {
  FakeServer server([](int fd) {
    read_head_of(fd);
    read_head_of(fd);  // gives no answer for as long as the connection stands
  });
  // A listening socket whose queue is full drops further SYNs.
  UniqueFd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(full.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(full.get(), 0) == 0);
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(full.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)!::connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ClientOptions options;
  options.connect_timeout = 500ms;
  Client client(options);
  const auto unheard = client.begin(get("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/"));
  REQUIRE(client.begin(get(server.url())));
  REQUIRE(unheard);
  const auto began = std::chrono::steady_clock::now();
  const auto ended = next_of(client);
  CHECK(ended.ticket == *unheard);
  CHECK(ended.cause == Cause::kUnreachable);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  client.drop_all();
}

TEST_CASE("a turn ends when somebody rings, and what was dropped does not come back") {
  Event asked;
  FakeServer silent([&](int fd) {
    read_head_of(fd);
    asked.set();
    read_head_of(fd);
  });
  Client client;
  REQUIRE(client.begin(get(silent.url())));
  std::thread ringer([&] {
    asked.wait();
    client.ring();
  });
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(client.turn(20s));
  CHECK(std::chrono::steady_clock::now() - began < 15s);
  ringer.join();
  CHECK(client.perform(get(silent.url())).error().kind == ErrorKind::kFailedPrecondition);
  client.drop_all();
  CHECK_FALSE(client.turn(1ms));
}

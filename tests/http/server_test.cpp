// The server as other people's clients see it: the curl command line and Python's http.client.

#include <catch2/catch.hpp>
#include <stdexcept>

#include "firmware/base/json_io.h"
#include "tests/http/http_fixture.h"

using namespace shilu;
using namespace shilu::http;
using namespace shilu::http::test;

namespace {

Response echo(const Request& request) {
  return json(200, Json{{"method", request.method},
                        {"path", request.path},
                        {"query", request.query},
                        {"parameters", request.parameters},
                        {"body", request.body},
                        {"peer", request.peer},
                        {"agent", request.header("user-agent")},
                        {"session", request.cookie("session")}});
}

ServerOptions options_with_policy() {
  ServerOptions options;
  options.common_headers = {{"X-Content-Type-Options", "nosniff"}};
  return options;
}

struct Running {
  Server server;
  explicit Running(ServerOptions options = options_with_policy()) : server(std::move(options)) {
    server.route("GET", "/echo/{name}", echo);
    server.route("POST", "/echo/{name}", echo);
    server.route("PATCH", "/echo/{name}", echo);
    server.route("DELETE", "/echo/{name}", echo);
    server.route("GET", "/hello", [](const Request&) { return text(200, "hello\n"); });
    server.route("GET", "/missing", [](const Request&) {
      return problem(Error{ErrorKind::kNotFound, "the lesson is not here"});
    });
    server.route("GET", "/throws",
                 [](const Request&) -> Response { throw std::runtime_error("secret detail"); });
    REQUIRE(server.start());
  }
  std::string curl(const std::string& arguments, const std::string& path) {
    return run_command("curl -sS --max-time 20 " + arguments + " '" + url_of(server, path) + "'");
  }
};

Json parsed(const std::string& text) {
  auto value = parse_json(text);
  INFO(text);
  REQUIRE(value);
  return *value;
}

}  // namespace

TEST_CASE("a handler sees path, query, parameters, cookies and body as curl sent them") {
  Running r;
  auto seen =
      parsed(r.curl("-b 'a=1; session=s3cret' -A tester -d 'the body'", "/echo/%E8%AF%BE%201?x=a%26b&y=1+2"));
  CHECK(seen["method"] == "POST");
  CHECK(seen["path"] == "/echo/课 1");
  CHECK(seen["parameters"]["name"] == "课 1");
  CHECK(seen["query"] == Json{{"x", "a&b"}, {"y", "1 2"}});
  CHECK(seen["session"] == "s3cret");
  CHECK(seen["agent"] == "tester");
  CHECK(seen["body"] == "the body");
  CHECK(seen["peer"] == "127.0.0.1");
}

TEST_CASE("a chunked body from curl arrives whole") {
  Running r;
  TempDir dir;
  dir.write("body", std::string(300'000, 'x'));
  auto seen =
      parsed(r.curl("-X POST -H 'Transfer-Encoding: chunked' --data-binary @" + dir.path("body"), "/echo/a"));
  CHECK(seen["body"].get<std::string>().size() == 300'000);
}

TEST_CASE("X-HTTP-Method-Override turns a POST into PATCH or DELETE and nothing else") {
  Running r;
  CHECK(parsed(r.curl("-X POST -H 'X-HTTP-Method-Override: PATCH'", "/echo/a"))["method"] == "PATCH");
  CHECK(parsed(r.curl("-X POST -H 'X-HTTP-Method-Override: delete'", "/echo/a"))["method"] == "DELETE");
  CHECK(parsed(r.curl("-X POST -H 'X-HTTP-Method-Override: GET'", "/echo/a"))["method"] == "POST");
  CHECK(parsed(r.curl("-H 'X-HTTP-Method-Override: DELETE'", "/echo/a"))["method"] == "GET");
}

TEST_CASE("answers carry Date and the common fields, and no Server") {
  Running r;
  auto answer = r.curl("-i", "/hello");
  CHECK(status_of(answer) == 200);
  CHECK(field_of(answer, "Content-Length") == "6");
  CHECK(field_of(answer, "X-Content-Type-Options") == "nosniff");
  CHECK(field_of(answer, "Server").empty());
  auto date = field_of(answer, "Date");
  run_command("python3 -c \"import email.utils,time,sys; sys.exit(abs(email.utils.parsedate_to_datetime('" +
              date + "').timestamp()-time.time())>5)\"");
}

TEST_CASE("HEAD gives the head of GET") {
  Running r;
  auto answer = r.curl("-I", "/hello");
  CHECK(status_of(answer) == 200);
  CHECK(field_of(answer, "Content-Length") == "6");
  CHECK(body_of(answer).empty());
}

TEST_CASE("an unknown path is 404 and another method 405 with Allow, both as problem details") {
  Running r;
  auto unknown = r.curl("-i", "/nowhere");
  CHECK(status_of(unknown) == 404);
  CHECK(field_of(unknown, "Content-Type") == "application/problem+json");
  CHECK(field_of(unknown, "X-Content-Type-Options") == "nosniff");
  CHECK(parsed(body_of(unknown))["status"] == 404);
  auto other = r.curl("-i -X PUT -d xyz", "/hello");
  CHECK(status_of(other) == 405);
  CHECK(field_of(other, "Allow") == "GET, HEAD");
}

TEST_CASE("errors of handlers become problem details with a stable code") {
  Running r;
  auto answer = parsed(r.curl("", "/missing"));
  CHECK(answer == Json{{"type", "about:blank"},
                       {"title", "Not Found"},
                       {"status", 404},
                       {"code", "not-found"},
                       {"detail", "the lesson is not here"}});
}

TEST_CASE("a library's exception is a 500 that tells nothing of it, and the server goes on") {
  Running r;
  auto answer = r.curl("-i", "/throws");
  CHECK(status_of(answer) == 500);
  CHECK(answer.find("secret detail") == std::string::npos);
  CHECK(r.curl("", "/hello") == "hello\n");
}

TEST_CASE("paths that climb are refused with 400") {
  Running r;
  for (auto* path : {"/../hello", "/echo/%2e%2e", "/echo/a%2fb", "/echo/%00", "/echo/%C0%AE"}) {
    INFO(path);
    CHECK(status_of(r.curl("-i --path-as-is", path)) == 400);
  }
}

TEST_CASE("Python's http.client keeps one connection for all its requests") {
  Running r;
  auto out = run_command("python3 " + script("keep_alive_peer.py") + " " + std::to_string(r.server.port()));
  CHECK(out == "connections 1 requests 40\n");
}

TEST_CASE("an unread body of a refused request does not spoil the next request") {
  Running r;
  RawPeer peer(r.server.port());
  peer.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\nGET /stolen HTTP/1.1\r\n\r\n");
  peer.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(status_of(peer.read_until("\r\n\r\n")) == 404);
  peer.read_until("}");
  CHECK(status_of(peer.read_until("hello\n")) == 200);
}

TEST_CASE("pipelined requests are answered in their order") {
  Running r;
  RawPeer peer(r.server.port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += "POST /echo/n" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
  peer.send(all + "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto answers = peer.read_all();
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("\"name\":\"n" + std::to_string(i) + "\"", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(answers.substr(answers.size() - 6) == "hello\n");
}

TEST_CASE("a head that comes byte by byte, behind empty lines, is read") {
  Running r;
  RawPeer peer(r.server.port());
  for (char c : std::string("\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")) peer.send(std::string(1, c));
  CHECK(status_of(peer.read_until("hello\n")) == 200);
}

TEST_CASE("HTTP/1.0 is answered and closed unless it asks to go on") {
  Running r;
  RawPeer closing(r.server.port());
  closing.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(closing.read_all().find("hello\n") != std::string::npos);
  RawPeer staying(r.server.port());
  staying.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(field_of(staying.read_until("hello\n"), "Connection") == "keep-alive");
  staying.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(status_of(staying.read_all()) == 200);
}

TEST_CASE("malformed heads are answered and the connection is closed") {
  Running r;
  RawPeer smuggler(r.server.port());
  smuggler.send(
      "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  auto answer = smuggler.read_all();
  CHECK(status_of(answer) == 400);
  CHECK(field_of(answer, "Connection") == "close");
  CHECK(answer.find("hello\n") == std::string::npos);  // the second request was not served
}

TEST_CASE("handlers run beside one another") {
  Server two{ServerOptions{}};
  Event first_in;
  Event second_in;
  two.route("GET", "/first", [&](const Request&) {
    first_in.set();
    return text(200, second_in.wait() ? "met" : "alone");
  });
  two.route("GET", "/second", [&](const Request&) {
    second_in.set();
    return text(200, first_in.wait() ? "met" : "alone");
  });
  REQUIRE(two.start());
  RawPeer a(two.port());
  RawPeer b(two.port());
  a.send("GET /first HTTP/1.0\r\n\r\n");
  b.send("GET /second HTTP/1.0\r\n\r\n");
  CHECK(body_of(a.read_all()) == "met");
  CHECK(body_of(b.read_all()) == "met");
}

TEST_CASE("a port in use, a foreign address and a wrong address are told apart") {
  Running r;
  ServerOptions options;
  options.port = r.server.port();
  auto status = Server(options).start();
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::kFailedPrecondition);
  CHECK(status.error().message.find(std::to_string(options.port)) != std::string::npos);
  options.address = "not an address";
  CHECK(Server(options).start().error().kind == ErrorKind::kInvalidArgument);
  options.address = "192.0.2.1";
  CHECK(Server(options).start().error().kind == ErrorKind::kFailedPrecondition);
}

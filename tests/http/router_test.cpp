#include "firmware/http/router.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

namespace {

constexpr auto kAnswer = Router::Wanted::kAnswer;

Handler named(std::string name) {
  return [name](const Request&) { return text(200, name); };
}

// The name of the handler that a request meets; "" with the allowed methods in brackets otherwise.
std::string met(const Router& router, const std::string& method, const std::string& path) {
  auto found = router.find(method, path, kAnswer);
  if (!found.target) return "(" + found.allowed + ")";
  return std::get<std::string>(std::get<Handler>(*found.target)(Request()).body);
}

}  // namespace

TEST_CASE("literal segments win over parameters, parameters over the rest") {
  Router router;
  router.add("GET", "/{rest...}", named("page"));
  router.add("GET", "/lessons/{lesson}", named("lesson"));
  router.add("GET", "/lessons/current", named("current"));
  router.add("GET", "/lessons/{lesson}/files/{rest...}", named("files"));
  CHECK(met(router, "GET", "/lessons/current") == "current");
  CHECK(met(router, "GET", "/lessons/7") == "lesson");
  CHECK(met(router, "GET", "/lessons/7/files/a/b.mp4") == "files");
  CHECK(met(router, "GET", "/lessons/7/other") == "page");
  CHECK(met(router, "GET", "/") == "page");
}

TEST_CASE("parameters and the rest carry what the path says") {
  Router router;
  router.add("GET", "/api/lessons/{lesson}/files/{rest...}", named("x"));
  auto found = router.find("GET", "/api/lessons/a b/files/room.video/e000.mp4", kAnswer);
  REQUIRE(found.target);
  CHECK(found.parameters.at("lesson") == "a b");
  CHECK(found.parameters.at("rest") == "room.video/e000.mp4");
  CHECK(router.find("GET", "/api/lessons/7/files/", kAnswer).parameters.at("rest").empty());
  CHECK_FALSE(router.find("GET", "/api/lessons//files/x", kAnswer).target);
}

TEST_CASE("another method on a known path names the methods that are there") {
  Router router;
  router.add("GET", "/{rest...}", named("page"));
  router.add("POST", "/api/marks", named("add"));
  router.add("GET", "/api/lessons", named("list"));
  router.add("DELETE", "/api/lessons", named("delete"));
  CHECK(met(router, "PUT", "/api/lessons") == "(DELETE, GET, HEAD)");
  CHECK(met(router, "GET", "/api/marks") == "(POST)");  // not the page
  CHECK(met(router, "OPTIONS", "/api/marks") == "(POST)");
}

TEST_CASE("an unknown path is unknown to every method") {
  Router router;
  router.add("GET", "/a", named("a"));
  CHECK(met(router, "GET", "/a/") == "()");
  CHECK(met(router, "POST", "/b") == "()");
}

TEST_CASE("HEAD meets its own route or that of GET") {
  Router router;
  router.add("GET", "/a", named("get a"));
  router.add("GET", "/b", named("get b"));
  router.add("HEAD", "/b", named("head b"));
  CHECK(met(router, "HEAD", "/a") == "get a");
  CHECK(met(router, "HEAD", "/b") == "head b");
}

TEST_CASE("a path can have a WebSocket and a page") {
  Router router;
  router.add("GET", "/live", WebSocketHandlers{});
  router.add("GET", "/live", named("page"));
  router.add("GET", "/only", WebSocketHandlers{});
  CHECK(met(router, "GET", "/live") == "page");
  auto socket = router.find("GET", "/live", Router::Wanted::kWebSocket);
  CHECK(std::holds_alternative<WebSocketHandlers>(*socket.target));
  CHECK(std::holds_alternative<WebSocketHandlers>(*router.find("GET", "/only", kAnswer).target));
}

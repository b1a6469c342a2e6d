#pragma once
// Which route answers a method and a path. Filled before the server starts, then only read: thread-safe from
// then on.

#include <string>
#include <variant>
#include <vector>

#include "firmware/http/server.h"

namespace shilu::http {

using RouteTarget = std::variant<Handler, UploadOpener, WebSocketHandlers>;

class Router {
 public:
  void add(std::string method, std::string_view pattern, RouteTarget target);

  struct Found {
    const RouteTarget* target = nullptr;  // null: see `allowed`
    std::map<std::string, std::string> parameters;
    std::string allowed;  // no route for this method: "GET, HEAD"; empty: no such path
  };
  enum class Wanted { kAnswer, kWebSocket };
  // The most specific route wins: literal segment before parameter before rest, from the left. A path that
  // some route without a rest knows is not handed to a rest route (a POST route's path does not fall through
  // to the web page). HEAD falls back to GET. A WebSocket route answers a plain GET only if nothing else
  // does.
  Found find(std::string_view method, std::string_view path, Wanted wanted) const;

 private:
  struct Segment {
    enum class Kind { kLiteral, kParameter, kRest } kind;
    std::string text;  // literal text or parameter name
  };
  struct Route {
    std::string method;
    std::vector<Segment> segments;
    RouteTarget target;
    bool has_rest() const { return !segments.empty() && segments.back().kind == Segment::Kind::kRest; }
  };
  static bool matches(const Route& route, const std::vector<std::string_view>& path);
  static bool more_specific(const Route& a, const Route& b);
  static std::map<std::string, std::string> parameters_of(const Route& route, std::string_view path);
  std::vector<const Route*> candidates(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace shilu::http

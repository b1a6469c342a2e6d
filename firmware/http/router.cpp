#include "firmware/http/router.h"

#include <algorithm>
#include <set>

namespace shilu::http {
namespace {

// "/a/b" -> a, b; "/" -> "".
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty() && path[0] == '/') {
    auto next = path.find('/', 1);
    out.push_back(path.substr(1, next == std::string_view::npos ? next : next - 1));
    path = next == std::string_view::npos ? std::string_view() : path.substr(next);
  }
  return out;
}

bool is_web_socket(const RouteTarget& target) {
  return std::holds_alternative<WebSocketHandlers>(target);
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, RouteTarget target) {
  Route route{std::move(method), {}, std::move(target)};
  for (auto part : split(pattern)) {
    bool named = part.size() > 2 && part.front() == '{' && part.back() == '}';
    auto name = named ? part.substr(1, part.size() - 2) : part;
    bool rest = named && name.size() > 3 && name.substr(name.size() - 3) == "...";
    if (rest) name.remove_suffix(3);
    auto kind = rest ? Segment::Kind::kRest : named ? Segment::Kind::kParameter : Segment::Kind::kLiteral;
    route.segments.push_back({kind, std::string(name)});
  }
  routes_.push_back(std::move(route));
}

bool Router::matches(const Route& route, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const auto& segment = route.segments[i];
    if (i >= path.size()) return false;
    if (segment.kind == Segment::Kind::kRest) return true;
    if (segment.kind == Segment::Kind::kLiteral && segment.text != path[i]) return false;
    if (segment.kind == Segment::Kind::kParameter && path[i].empty()) return false;
  }
  return route.segments.size() == path.size();
}

bool Router::more_specific(const Route& a, const Route& b) {
  return std::lexicographical_compare(a.segments.begin(), a.segments.end(), b.segments.begin(),
                                      b.segments.end(), [](auto& x, auto& y) { return x.kind < y.kind; });
}

std::map<std::string, std::string> Router::parameters_of(const Route& route, std::string_view path) {
  std::map<std::string, std::string> out;
  auto parts = split(path);
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const auto& segment = route.segments[i];
    if (segment.kind == Segment::Kind::kParameter) out.emplace(segment.text, std::string(parts[i]));
    if (segment.kind == Segment::Kind::kRest)
      out.emplace(segment.text,
                  std::string(path.substr(static_cast<std::size_t>(parts[i].data() - path.data()))));
  }
  return out;
}

std::vector<const Router::Route*> Router::candidates(std::string_view path) const {
  auto parts = split(path);
  std::vector<const Route*> out;
  for (auto& route : routes_) {
    if (matches(route, parts)) out.push_back(&route);
  }
  std::stable_sort(out.begin(), out.end(), [](auto* a, auto* b) { return more_specific(*a, *b); });
  bool exact = std::any_of(out.begin(), out.end(), [](auto* route) { return !route->has_rest(); });
  if (exact)
    out.erase(std::remove_if(out.begin(), out.end(), [](auto* r) { return r->has_rest(); }), out.end());
  return out;
}

Router::Found Router::find(std::string_view method, std::string_view path, Wanted wanted) const {
  auto known = candidates(path);
  auto with_method = [&](std::string_view name, bool socket) {
    return std::find_if(known.begin(), known.end(),
                        [&](auto* r) { return r->method == name && is_web_socket(r->target) == socket; });
  };
  auto found = wanted == Wanted::kWebSocket ? with_method("GET", true) : known.end();
  if (found == known.end()) found = with_method(method, false);
  if (found == known.end() && method == "HEAD") found = with_method("GET", false);
  if (found == known.end()) found = with_method(method, true);
  if (found != known.end()) return {&(*found)->target, parameters_of(**found, path), ""};
  std::set<std::string> methods;
  for (auto* route : known) methods.insert(route->method);
  if (methods.count("GET") > 0) methods.insert("HEAD");
  Found none;
  for (auto& name : methods) none.allowed += (none.allowed.empty() ? "" : ", ") + name;
  return none;
}

}  // namespace shilu::http

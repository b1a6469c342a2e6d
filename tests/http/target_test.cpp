#include "firmware/http/target.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

TEST_CASE("a target is decoded once, path and query apart") {
  auto target = parse_target("/lessons/%E8%AF%BE%20a/x?from=1.5&name=a+b%26c&flag&name=second");
  REQUIRE(target);
  CHECK(target->path == "/lessons/课 a/x");
  CHECK(target->query.at("from") == "1.5");
  CHECK(target->query.at("name") == "a b&c");
  CHECK(target->query.at("flag").empty());
  CHECK(parse_target("/a%2541")->path == "/a%41");  // once, not twice
}

TEST_CASE("the absolute form and the asterisk are understood") {
  CHECK(parse_target("http://device.local:8080/a?b=c")->path == "/a");
  CHECK(parse_target("http://device.local")->path == "/");
  CHECK(parse_target("http://device.local?b=c")->query.at("b") == "c");
  CHECK(parse_target("*")->path == "*");
}

TEST_CASE("targets that would climb, hide or split are refused") {
  const char* refused[] = {
      "/../etc/passwd",
      "/a/../b",
      "/a/..",
      "/.",
      "/%2e%2e/etc",
      "/%2E./x",
      "/a%2f..%2fb",  // an encoded slash
      "/a%2Fb",
      "/a%00b",
      "/a?x=%00",
      "/a%0d%0aSet-Cookie:x",
      "/%C0%AE%C0%AE/etc",  // overlong "."
      "/%C0%AF",            // overlong "/"
      "/%E0%80%AF",
      "/%ED%A0%80",  // a surrogate
      "/%F4%90%80%80",
      "/%FF",
      "/a?x=%FF",
      "/%",
      "/%4",
      "/%zz",
      "/a?x=%4",
      "/a#b",
      "a/b",
      "",
      "ftp://host/a",
  };
  for (auto* text : refused) {
    INFO(text);
    auto target = parse_target(text);
    REQUIRE_FALSE(target);
    CHECK(target.error().kind == shilu::ErrorKind::kInvalidArgument);
  }
}

TEST_CASE("dots inside names are just dots") {
  CHECK(parse_target("/a..b/...x/.y")->path == "/a..b/...x/.y");
}

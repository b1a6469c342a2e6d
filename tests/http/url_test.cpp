#include "firmware/http/url.h"

#include <catch2/catch.hpp>

#include "firmware/http/client.h"
#include "tests/http/http_fixture.h"

using namespace shilu::http;

TEST_CASE("references are resolved as RFC 3986 section 5.4 lists them") {
  // http://a/b/c/d;p?q is the RFC's base; http references of its tables.
  struct {
    const char* reference;
    const char* resolved;
  } examples[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g/x", "http://g/x"},
      {"g?y", "http://a/b/c/g?y"},
      {"../g", "http://a/b/g"},
      {"../../g", "http://a/g"},
      {"http://other:81/z", "http://other:81/z"},
      {"../../../g", "http://a/g"},
      {"https://a/g", "https://a/g"},
  };
  for (auto& example : examples) {
    INFO(example.reference);
    auto resolved = resolve_url("http://a/b/c/d;p?q", example.reference);
    REQUIRE(resolved);
    CHECK(*resolved == example.resolved);
  }
}

TEST_CASE("only http and https are URLs here") {
  for (auto* text :
       {"", "ftp://a/b", "file:///etc/passwd", "a", "http://", "javascript:x", "http://a b/", "//a/b"}) {
    INFO(text);
    auto resolved = resolve_url(text, "");
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().kind == shilu::ErrorKind::kInvalidArgument);
  }
  CHECK_FALSE(resolve_url("http://a/", "file:///etc/passwd"));
}

TEST_CASE("a peer is named by host and port, never with a password") {
  CHECK(*authority_of("https://user:secret@example.org/a") == "example.org:443");
  CHECK(*authority_of("http://10.0.0.8:8080") == "10.0.0.8:8080");
  CHECK(*authority_of("http://[::1]/") == "[::1]:80");
}

TEST_CASE("url_encode agrees with Python's quote") {
  const std::string text = "a b/c?d=e&f+g%h~i.j_k-l\"课\\";
  auto quoted = test::run_command(
      "python3 -c \"import urllib.parse,sys; sys.stdout.write(urllib.parse.quote('a "
      "b/c?d=e&f+g%h~i.j_k-l\\\"课'+chr(92), safe=''))\"");
  CHECK(url_encode(text) == quoted);
}

TEST_CASE("a URL is told without what may be secret in it") {
  CHECK(told_url("https://store.test/a/b?X-Amz-Signature=5ec2e7") == "https://store.test/a/b");
  CHECK(told_url("https://store.test/a#token=5ec2e7") == "https://store.test/a");
  CHECK(told_url("http://user:p@ss@host:81/a@b") == "http://host:81/a@b");
  CHECK(told_url("http://user:pass@host") == "http://host");
  CHECK(told_url("/a/b?c") == "/a/b");
  CHECK(told_url("") == "");
  CHECK(resolve_url("ftp://store.test/a?secret", "").error().message.find("secret") == std::string::npos);
}

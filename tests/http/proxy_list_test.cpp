#include "firmware/http/proxy_list.h"

#include <catch2/catch.hpp>

using namespace shilu::http;
using List = std::vector<std::string>;

TEST_CASE("the answer of a proxy script becomes libcurl's words in the same order") {
  CHECK(proxies_of("PROXY a.lan:3128; SOCKS5 b.lan:1080; DIRECT") ==
        List{"http://a.lan:3128", "socks5h://b.lan:1080", "direct"});
  CHECK(proxies_of("HTTPS a:443;SOCKS b:1080;SOCKS4 c:1080") ==
        List{"https://a:443", "socks5h://b:1080", "socks4a://c:1080"});
  CHECK(proxies_of("  proxy   a:1 ") == List{"http://a:1"});
}

TEST_CASE("an answer that names nothing means no proxy") {
  for (const char* text : {"", ";", "DIRECT", "QUIC a:1", "PROXY", "PROXY ;"})
    CHECK(proxies_of(text) == List{"direct"});
}

#include "firmware/http/body_decoder.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

namespace {

Head chunked_head() {
  Head head;
  head.framing = Framing::kChunked;
  return head;
}

Head sized_head(std::uint64_t size) {
  Head head;
  head.framing = Framing::kSized;
  head.content_length = size;
  return head;
}

struct Decoded {
  std::string payload;
  std::string rest;
  bool done = false;
  bool broken = false;
};

// Feeds `wire` as a socket would: `step` bytes at a time, the unused kept.
Decoded decode(const Head& head, const std::string& wire, std::size_t step) {
  BodyDecoder decoder(head);
  Decoded out;
  std::size_t fed = 0;
  for (;;) {
    auto taken = decoder.step(shilu::as_bytes(out.rest));
    if (!taken) {
      out.broken = true;
      return out;
    }
    out.payload += shilu::as_text(taken->payload);
    out.rest.erase(0, taken->consumed);
    out.done = decoder.done();
    if (taken->consumed > 0 && !out.done) continue;
    if (out.done || fed == wire.size()) break;
    auto next = wire.substr(fed, step);
    fed += next.size();
    out.rest += next;
  }
  out.rest += wire.substr(fed);
  return out;
}

const std::size_t kSteps[] = {1, 2, 3, 5, 7, 1000};

}  // namespace

TEST_CASE("a sized body ends after its bytes and leaves the next request alone") {
  for (auto step : kSteps) {
    auto out = decode(sized_head(5), "helloGET /", step);
    CHECK(out.done);
    CHECK(out.payload == "hello");
    CHECK(out.rest == "GET /");
  }
}

TEST_CASE("a chunked body is put together, extensions and trailers are read over") {
  // RFC 9112 section 7.1 by hand: 5 + 6 + 0x10 bytes.
  const std::string wire =
      "5\r\nhello\r\n6;name=value\r\n world\r\n010\r\n0123456789abcdef\r\n0\r\nX-Trailer: a\r\n\r\nGET /";
  for (auto step : kSteps) {
    auto out = decode(chunked_head(), wire, step);
    REQUIRE(out.done);
    CHECK(out.payload == "hello world0123456789abcdef");
    CHECK(out.rest == "GET /");
  }
}

TEST_CASE("malformed chunks are refused, however they are split") {
  const std::string broken[] = {
      "x\r\n",
      "\r\n",
      "-1\r\n",
      "+5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      "5\nhello\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhelloX\r\n0\r\n\r\n",
      "5 5\r\nhello",
      "10000000000000000\r\n",                         // 2^64
      "5;" + std::string(300, 'x') + "\r\nhello\r\n",  // an extension without end
      std::string(300, '0'),                           // a size without end
      "0\r\n" + std::string(9000, 'x'),                // a trailer without end
  };
  for (auto& wire : broken) {
    for (auto step : kSteps) {
      INFO(wire.substr(0, 40) << " in steps of " << step);
      CHECK(decode(chunked_head(), wire, step).broken);
    }
  }
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) trailers += "X-Many: 0123456789\r\n";
  CHECK(decode(chunked_head(), trailers, 1000).broken);
}

TEST_CASE("a body that is cut is not done") {
  CHECK_FALSE(decode(chunked_head(), "5\r\nhel", 3).done);
  CHECK_FALSE(decode(chunked_head(), "5\r\nhello\r\n0\r\n", 3).done);
  CHECK_FALSE(decode(sized_head(5), "hel", 3).done);
}

TEST_CASE("only as much may be read as belongs to a sized body") {
  BodyDecoder decoder(sized_head(5));
  CHECK(decoder.may_read() == 5);
  REQUIRE(decoder.step(shilu::as_bytes("hel")));
  CHECK(decoder.may_read() == 2);
}

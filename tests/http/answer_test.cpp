#include "firmware/http/answer.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

namespace {

Request get(std::map<std::string, std::string> headers = {}) {
  Request request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BodyPiece memory(std::string text) {
  auto size = text.size();
  return {std::make_shared<const std::string>(std::move(text)), nullptr, 0, size};
}

std::string sent(const Answer& answer) {
  std::string out = answer.text;
  for (auto& piece : answer.pieces) out += piece.memory->substr(piece.offset, piece.size);
  return out;
}

}  // namespace

TEST_CASE("dates have the form of RFC 9110 section 5.6.7") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");  // the RFC's example
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("a range over several pieces is cut exactly") {
  const std::string whole = "0123456789abcdefghij";
  for (std::size_t first = 0; first < whole.size(); ++first) {
    for (std::size_t last = first; last < whole.size(); ++last) {
      Response response;
      ComposedBody body;
      body.pieces = {memory("0123456"), memory("7"), memory(""), memory("89abcd"), memory("efghij")};
      body.etag = "\"e\"";
      response.body = std::move(body);
      auto range = "bytes=" + std::to_string(first) + "-" + std::to_string(last);
      auto answer = make_answer(get({{"range", range}}), std::move(response), {});
      INFO(range);
      REQUIRE(sent(answer) == whole.substr(first, last - first + 1));
      REQUIRE(contains(answer.head, "HTTP/1.1 206 Partial Content\r\n"));
      REQUIRE(contains(answer.head, "\r\nContent-Length: " + std::to_string(last - first + 1) + "\r\n"));
    }
  }
}

TEST_CASE("HEAD tells the length and sends no body") {
  auto request = get();
  request.method = "HEAD";
  auto answer = make_answer(request, text(200, "hello"), {});
  CHECK(contains(answer.head, "\r\nContent-Length: 5\r\n"));
  CHECK(sent(answer).empty());
}

TEST_CASE("204 has neither body nor length nor type") {
  auto answer = make_answer(get(), no_content(), {});
  CHECK(contains(answer.head, "HTTP/1.1 204 No Content\r\n"));
  CHECK_FALSE(contains(answer.head, "Content-"));
}

TEST_CASE("a field that would split the head is left out") {
  auto response =
      text(200, "x").with_header("X-A", "a\r\nSet-Cookie: b").with_header("X B", "c").with_header("X-C", "d");
  auto answer = make_answer(get(), std::move(response), {});
  CHECK_FALSE(contains(answer.head, "Set-Cookie"));
  CHECK_FALSE(contains(answer.head, "X B"));
  CHECK(contains(answer.head, "\r\nX-C: d\r\n"));
}

TEST_CASE("common fields are on every answer unless the handler said otherwise") {
  const std::vector<std::pair<std::string, std::string>> common = {{"X-Frame-Options", "DENY"},
                                                                   {"X-Common", "1"}};
  AnswerRules rules;
  rules.common_headers = &common;
  auto answer = make_answer(get(), text(200, "").with_header("x-frame-options", "SAMEORIGIN"), rules);
  CHECK(contains(answer.head, "\r\nX-Common: 1\r\n"));
  CHECK(contains(answer.head, "\r\nx-frame-options: SAMEORIGIN\r\n"));
  CHECK_FALSE(contains(answer.head, "DENY"));
}

TEST_CASE("repeated fields stay repeated, and no program names itself") {
  auto answer =
      make_answer(get(), text(200, "").with_header("Set-Cookie", "a").with_header("Set-Cookie", "b"), {});
  CHECK(contains(answer.head, "\r\nSet-Cookie: a\r\n"));
  CHECK(contains(answer.head, "\r\nSet-Cookie: b\r\n"));
  CHECK_FALSE(contains(answer.head, "Server:"));
}

TEST_CASE("an event stream has no length and ends with the connection") {
  Response response;
  response.body = EventStream{[](std::shared_ptr<EventSink>) {}};
  auto answer = make_answer(get(), std::move(response), {});
  CHECK(contains(answer.head, "\r\nContent-Type: text/event-stream\r\n"));
  CHECK_FALSE(contains(answer.head, "Content-Length"));
  CHECK(answer.after == AfterAnswer::kClose);
  CHECK(contains(answer.head, "\r\nConnection: close\r\n"));
}

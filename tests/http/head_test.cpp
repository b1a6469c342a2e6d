#include "firmware/http/head.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace shilu::http;

namespace {

int status_for(const std::string& bytes) {
  std::size_t scanned = 0;
  auto end = find_head_end(bytes, scanned);
  if (auto* error = std::get_if<HeadError>(&end)) return error->status;
  if (std::get<std::size_t>(end) == 0) return 0;  // would wait for more
  auto parsed = parse_head(std::string_view(bytes).substr(0, std::get<std::size_t>(end)));
  if (auto* error = std::get_if<HeadError>(&parsed)) return error->status;
  return 200;
}

Head head_of(const std::string& bytes) {
  auto parsed = parse_head(bytes);
  REQUIRE(std::holds_alternative<Head>(parsed));
  return std::get<Head>(parsed);
}

}  // namespace

TEST_CASE("every head of the corpus gets the status in its name") {
  int seen = 0;
  for (auto& entry :
       std::filesystem::directory_iterator(std::string(SHILU_SOURCE_DIR) + "/tests/http/heads")) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    auto name = entry.path().filename().string();
    INFO(name);
    CHECK(status_for(bytes.str()) == std::stoi(name.substr(0, 3)));
    ++seen;
  }
  CHECK(seen > 60);
}

TEST_CASE("the end of a head is found wherever the reads split it") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::size_t scanned = 0;
  for (std::size_t have = 1; have < head.size(); ++have)
    REQUIRE(std::get<std::size_t>(find_head_end(head.substr(0, have), scanned)) == 0);
  CHECK(std::get<std::size_t>(find_head_end(head + "body", scanned)) == head.size());
}

TEST_CASE("a head may have 16 KiB and no more") {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nx: ";
  head += std::string(kMaxHead - head.size() - 4, 'x') + "\r\n\r\n";
  REQUIRE(head.size() == kMaxHead);
  CHECK(status_for(head) == 200);
  head.insert(head.size() - 4, "x");
  CHECK(status_for(head) == 431);
  CHECK(status_for("GET / HTTP/1.1\r\nx: " + std::string(kMaxHead, 'x')) == 431);
}

TEST_CASE("an address may have 8 KiB and no more") {
  auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(status_for(with_target(kMaxTarget)) == 200);
  CHECK(status_for(with_target(kMaxTarget + 1)) == 414);
}

TEST_CASE("framing, expectation and persistence are read from the fields") {
  auto put = head_of("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(put.framing == Framing::kSized);
  CHECK(put.content_length == 12);
  CHECK(put.expect_continue);
  CHECK(put.keep_alive);
  auto chunked =
      head_of("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: Close\r\n\r\n");
  CHECK(chunked.framing == Framing::kChunked);
  CHECK_FALSE(chunked.keep_alive);
  CHECK_FALSE(head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  CHECK_FALSE(
      head_of("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expect_continue);
}

TEST_CASE("repeated fields are joined as a list, cookies as cookies") {
  auto head =
      head_of("GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nAccept: y\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n");
  CHECK(head.headers.at("accept") == "x, y");
  CHECK(head.headers.at("cookie") == "a=1; b=2");
}

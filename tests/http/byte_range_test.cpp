#include "firmware/http/byte_range.h"

#include <catch2/catch.hpp>

using namespace shilu::http;

namespace {

Request get(std::map<std::string, std::string> headers) {
  Request request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

Selected range_of(const std::string& range, std::uint64_t size) {
  return select_bytes(get({{"range", range}}), size, "\"e\"");
}

}  // namespace

TEST_CASE("the examples of RFC 9110 section 14.1.2 select what it says, of 10000 bytes") {
  struct {
    const char* range;
    std::uint64_t first, size;
  } examples[] = {
      {"bytes=0-499", 0, 500},       {"bytes=500-999", 500, 500},
      {"bytes=-500", 9500, 500},     {"bytes=9500-", 9500, 500},
      {"bytes=0-0", 0, 1},           {"bytes=-1", 9999, 1},
      {"bytes=9999-20000", 9999, 1}, {"bytes=-20000", 0, 10000},
      {"BYTES=0-1", 0, 2},           {"bytes=0-99999999999999999999999", 0, 10000},
  };
  for (auto& example : examples) {
    INFO(example.range);
    auto selected = range_of(example.range, 10000);
    REQUIRE(selected.selection == Selection::kRange);
    CHECK(selected.range.first == example.first);
    CHECK(selected.range.size == example.size);
  }
}

TEST_CASE("a range behind the end is not satisfiable, a malformed or multiple one is no range") {
  for (auto* range : {"bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=99999999999999999999999-"}) {
    INFO(range);
    CHECK(range_of(range, 10000).selection == Selection::kUnsatisfiable);
  }
  CHECK(range_of("bytes=0-", 0).selection == Selection::kUnsatisfiable);
  for (auto* range : {"bytes=5-4", "bytes=", "bytes=-", "bytes=a-b", "bytes=0x1-2", "bytes=1", "items=0-1",
                      "bytes=--1", "bytes=0-1,3-4", "bytes=+1-2", "bytes 0-1"}) {
    INFO(range);
    auto selected = range_of(range, 10000);
    CHECK(selected.selection == Selection::kWhole);
    CHECK(selected.range.size == 10000);
  }
}

TEST_CASE("If-Range holds for the same strong ETag only") {
  auto with = [](const char* if_range, const char* etag) {
    return select_bytes(get({{"range", "bytes=0-1"}, {"if-range", if_range}}), 10, etag).selection;
  };
  CHECK(with("\"e\"", "\"e\"") == Selection::kRange);
  CHECK(with("\"f\"", "\"e\"") == Selection::kWhole);
  CHECK(with("W/\"e\"", "W/\"e\"") == Selection::kWhole);
  CHECK(with("Sun, 06 Nov 1994 08:49:37 GMT", "\"e\"") == Selection::kWhole);
  CHECK(with("\"e\"", "") == Selection::kWhole);
}

TEST_CASE("If-None-Match and If-Match are answered before any range") {
  auto with = [](std::map<std::string, std::string> headers) {
    headers["range"] = "bytes=0-1";
    return select_bytes(get(std::move(headers)), 10, "\"e\"").selection;
  };
  CHECK(with({{"if-none-match", "\"e\""}}) == Selection::kNotModified);
  CHECK(with({{"if-none-match", "\"x\", W/\"e\""}}) == Selection::kNotModified);
  CHECK(with({{"if-none-match", "*"}}) == Selection::kNotModified);
  CHECK(with({{"if-none-match", "\"x\""}}) == Selection::kRange);
  CHECK(with({{"if-match", "\"e\""}}) == Selection::kRange);
  CHECK(with({{"if-match", "\"x\""}}) == Selection::kPreconditionFailed);
}

TEST_CASE("ranges are for GET only") {
  auto request = get({{"range", "bytes=0-1"}});
  request.method = "HEAD";
  CHECK(select_bytes(request, 10, "\"e\"").selection == Selection::kWhole);
}

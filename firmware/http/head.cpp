#include "firmware/http/head.h"

#include <algorithm>
#include <optional>

#include "firmware/http/raw_head.h"
#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

using Refusal = std::optional<HeadError>;

HeadError bad(std::string detail) {
  return {400, std::move(detail)};
}

// Fields of which a second one can only be an attack or a defect.
bool is_singleton(std::string_view name) {
  constexpr std::string_view kSingletons[] = {"host",         "content-length", "transfer-encoding",
                                              "content-type", "expect",         "authorization"};
  return std::find(std::begin(kSingletons), std::end(kSingletons), name) != std::end(kSingletons);
}

Refusal take_fields(RawHead& raw, Head& head) {
  for (auto& [name, value] : raw.fields) {
    auto found = head.headers.find(name);
    if (found == head.headers.end()) {
      head.headers.emplace(std::move(name), std::move(value));
    } else if (is_singleton(name)) {
      return bad("the field " + name + " comes twice");
    } else {
      found->second += (name == "cookie" ? "; " : ", ") + value;
    }
  }
  return {};
}

std::string_view field(const Head& head, const char* name) {
  auto found = head.headers.find(name);
  return found == head.headers.end() ? std::string_view() : std::string_view(found->second);
}

Refusal take_framing(Head& head) {
  bool sized = head.headers.count("content-length") > 0;
  bool coded = head.headers.count("transfer-encoding") > 0;
  if (sized && coded) return bad("both Content-Length and Transfer-Encoding say where the body ends");
  if (coded) {
    if (head.version == 10) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (!equal_ignoring_case(field(head, "transfer-encoding"), "chunked"))
      return HeadError{501, "the only transfer coding spoken here is chunked"};
    head.framing = Framing::kChunked;
  }
  if (sized) {
    auto length = decimal(field(head, "content-length"));
    if (!length) return bad("Content-Length is not a number");
    head.content_length = *length;
    head.framing = *length > 0 ? Framing::kSized : Framing::kNone;
  }
  return {};
}

Refusal take_expectation(Head& head) {
  auto expect = field(head, "expect");
  if (expect.empty() || head.version == 10) return {};
  if (!equal_ignoring_case(expect, "100-continue"))
    return HeadError{417, "the only expectation met here is 100-continue"};
  head.expect_continue = true;
  return {};
}

void take_connection(Head& head) {
  auto connection = field(head, "connection");
  head.keep_alive = head.version == 11 ? !list_has(connection, "close") : list_has(connection, "keep-alive");
  head.wants_websocket = head.method == "GET" && head.version == 11 && list_has(connection, "upgrade") &&
                         list_has(field(head, "upgrade"), "websocket");
}

// A folded line may be read as one field or as two (RFC 9112 section 5.2).
bool has_folded_line(std::string_view bytes) {
  return bytes.find("\r\n ") != std::string_view::npos || bytes.find("\r\n\t") != std::string_view::npos;
}

}  // namespace

std::variant<std::size_t, HeadError> find_head_end(std::string_view bytes, std::size_t& scanned) {
  if (!bytes.empty() && !is_token(bytes.substr(0, 1))) return bad("this is not HTTP/1.1");
  for (auto feed = bytes.find('\n', scanned); feed != std::string_view::npos;
       feed = bytes.find('\n', feed + 1)) {
    if (bytes[feed - 1] != '\r') return bad("a line of the head ends without a carriage return");
    scanned = feed + 1;
    if (feed >= 3 && bytes.substr(feed - 3, 4) == "\r\n\r\n") {
      if (feed + 1 > kMaxHead) break;
      return feed + 1;
    }
  }
  if (bytes.size() > kMaxHead) return HeadError{431, "the head of the request is larger than 16 KiB"};
  return std::size_t{0};
}

std::variant<Head, HeadError> parse_head(std::string_view bytes) {
  if (has_folded_line(bytes)) return bad("a field of the head is folded over two lines");
  auto parsed = parse_raw_head(bytes);
  if (auto* error = std::get_if<HeadError>(&parsed)) return std::move(*error);
  auto& raw = std::get<RawHead>(parsed);
  if (raw.target.size() > kMaxTarget)
    return HeadError{414, "the address of the request is longer than 8 KiB"};
  if (raw.version != 10 && raw.version != 11)
    return HeadError{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  Head head;
  head.method = std::move(raw.method);
  head.target = std::move(raw.target);
  head.version = raw.version;
  if (auto refusal = take_fields(raw, head)) return *refusal;
  if (auto refusal = take_framing(head)) return *refusal;
  if (auto refusal = take_expectation(head)) return *refusal;
  if (head.version == 11 && head.headers.count("host") == 0) return bad("the field host is missing");
  take_connection(head);
  return head;
}

}  // namespace shilu::http

#include "firmware/http/raw_head.h"

#include <limits>

#include "firmware/http/asio.h"
#include "firmware/http/text_tools.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace shilu::http {
namespace {

namespace beast_http = boost::beast::http;

// "GET / HTTP/3.0": a version in good form that is not ours. Beast says bad_version to garbage as well.
bool names_other_version(std::string_view bytes) {
  auto line = bytes.substr(0, bytes.find("\r\n"));
  auto version = line.substr(line.rfind(' ') + 1);
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_digit(version[5]) &&
                version[6] == '.' && is_digit(version[7]);
  return formed && version != "HTTP/1.0" && version != "HTTP/1.1";
}

HeadError refusal_of(error_code error, std::string_view bytes) {
  if (error == beast_http::error::bad_version && names_other_version(bytes))
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (error == beast_http::error::header_limit) return {431, "the head of the request is larger than 16 KiB"};
  return {400, "the head of the request is malformed (" + error.message() + ")"};
}

RawHead copied(const beast_http::request<beast_http::empty_body>& message) {
  RawHead head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  head.version = static_cast<int>(message.version());
  for (const auto& field : message) {
    auto name = field.name_string();
    auto value = field.value();
    head.fields.emplace_back(lower_case({name.data(), name.size()}), std::string(value.data(), value.size()));
  }
  return head;
}

}  // namespace

std::variant<RawHead, HeadError> parse_raw_head(std::string_view bytes) {
  beast_http::request_parser<beast_http::empty_body> parser;
  parser.header_limit(kMaxHead + 1);
  // No limit; this Beast takes boost::none for less than any length.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  error_code error;
  parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error) return refusal_of(error, bytes);
  if (!parser.is_header_done()) return HeadError{400, "the head of the request is malformed"};
  return copied(parser.get());
}

}  // namespace shilu::http

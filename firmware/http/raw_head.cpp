#include "firmware/http/raw_head.h"

#include "firmware/http/asio.h"
#include "firmware/http/text_tools.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace shilu::http {
namespace {

namespace beast_http = boost::beast::http;

HeadError refusal_of(error_code error) {
  if (error == beast_http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
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
  parser.body_limit(boost::none);
  error_code error;
  parser.put(asio::buffer(bytes.data(), bytes.size()), error);
  if (error) return refusal_of(error);
  if (!parser.is_header_done()) return HeadError{400, "the head of the request is malformed"};
  return copied(parser.get());
}

}  // namespace shilu::http

#pragma once
// One HTTP request as a handler sees it. A value; lives as long as the handler's call.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "firmware/base/bytes.h"

namespace shilu::http {

struct Request {
  std::string method;                        // upper case
  std::string path;                          // decoded, begins with '/', no "." or ".." segments, no NUL
  std::map<std::string, std::string> query;  // decoded; the first of repeated names
  std::map<std::string, std::string>
      parameters;                              // from the route: "/api/lessons/{lesson}" -> {"lesson": ...}
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // for buffered routes; at most the route's limit
  std::string peer;                            // address of the other end, no port

  std::string_view header(std::string_view lower_case_name) const;  // "" if absent
  std::string_view parameter(std::string_view name) const;          // "" if absent
  std::string_view query_or(std::string_view name, std::string_view fallback) const;
  std::string cookie(std::string_view name) const;  // "" if absent
  std::optional<std::uint64_t> content_length() const;
};

}  // namespace shilu::http

#pragma once
// The request target of RFC 9112 section 3.2, taken apart and decoded once, here, so that no handler ever
// sees an encoded path. Thread-safe (no state).

#include <map>
#include <string>
#include <string_view>

#include "firmware/base/result.h"

namespace shilu::http {

struct Target {
  std::string path;  // decoded; begins with '/' (or is "*")
  std::map<std::string, std::string> query;
};

// origin-form, absolute-form or "*". Refused with kInvalidArgument: escapes that are not two hex digits, "."
// and ".." segments however they are written, an encoded '/' or NUL or control character, anything that is
// not UTF-8 (overlong forms included). In the query '+' is a blank, as forms write it.
Result<Target> parse_target(std::string_view text);

}  // namespace shilu::http

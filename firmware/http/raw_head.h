#pragma once
// A head as the grammar alone reads it: field lines in order, as they came.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "firmware/http/head.h"

namespace shilu::http {

struct RawHead {
  std::string method;
  std::string target;
  int version = 11;
  std::vector<std::pair<std::string, std::string>> fields;  // lower-case names
};

std::variant<RawHead, HeadError> parse_raw_head(std::string_view bytes);  // the grammar only, by Beast

}  // namespace shilu::http

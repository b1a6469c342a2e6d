#pragma once
#include <string>
#include <string_view>

namespace shilu::http {

// Content-Type by a file name's extension; "application/octet-stream" where we know none.
std::string media_type_of(std::string_view file_name);

}  // namespace shilu::http

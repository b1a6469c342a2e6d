#pragma once
// UUIDv7 (RFC 9562): sorts by time of making.

#include <string>
#include <string_view>

namespace shilu {

std::string new_uuid();               // lower case, with hyphens
bool is_uuid(std::string_view text);  // any version; exactly 36 characters, lower case
std::string new_token();              // 256 random bits, base64url without padding: sessions, links

}  // namespace shilu

#pragma once
// Reading JSON from outside without exceptions. Heavy: include in .cpp files only.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu {

// Strict JSON (no comments), at most 64 levels deep, no duplicate keys in an object.
Result<Json> parse_json(std::string_view text);

// Compact, keys sorted, UTF-8 (invalid UTF-8 replaced): the bytes that we hash and sign.
std::string canonical_json(const Json& value);

// A member of an object, by type; errors name the member: `"size_bytes" is missing`.
Result<std::string> json_string(const Json& object, std::string_view key);
Result<std::int64_t> json_int(const Json& object, std::string_view key);
Result<bool> json_bool(const Json& object, std::string_view key);
Result<Json> json_object(const Json& object, std::string_view key);
Result<Json> json_array(const Json& object, std::string_view key);
std::string json_string_or(const Json& object, std::string_view key, std::string_view fallback);
std::int64_t json_int_or(const Json& object, std::string_view key, std::int64_t fallback);

}  // namespace shilu

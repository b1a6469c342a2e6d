#pragma once
// Small string work that header fields need. ASCII only, as HTTP's grammar is. Thread-safe (no state).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shilu::http {

std::string lower_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);  // of blanks and tabs
// "a, b ,,c" -> a, b, c: the list syntax of RFC 9110 section 5.6.1.
std::vector<std::string_view> comma_list(std::string_view text);
bool list_has(std::string_view list, std::string_view token);  // ignoring case
// Digits only, no sign, no blank, no overflow.
std::optional<std::uint64_t> decimal(std::string_view text);
int hex_digit(char c);                      // -1: none
bool is_token(std::string_view text);       // RFC 9110 section 5.6.2; not empty
bool is_valid_utf8(std::string_view text);  // no overlong forms, no surrogates

}  // namespace shilu::http

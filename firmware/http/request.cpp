#include "firmware/http/request.h"

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

std::string_view find_or(const std::map<std::string, std::string>& values, std::string_view name,
                         std::string_view fallback) {
  auto found = values.find(std::string(name));
  return found == values.end() ? fallback : std::string_view(found->second);
}

}  // namespace

std::string_view Request::header(std::string_view lower_case_name) const {
  return find_or(headers, lower_case_name, "");
}

std::string_view Request::parameter(std::string_view name) const {
  return find_or(parameters, name, "");
}

std::string_view Request::query_or(std::string_view name, std::string_view fallback) const {
  return find_or(query, name, fallback);
}

std::string Request::cookie(std::string_view name) const {
  std::string_view rest = header("cookie");
  while (!rest.empty()) {
    auto semicolon = rest.find(';');
    auto pair = trimmed(rest.substr(0, semicolon));
    auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      auto value = pair.substr(equals + 1);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      return std::string(value);
    }
    if (semicolon == std::string_view::npos) break;
    rest.remove_prefix(semicolon + 1);
  }
  return {};
}

std::optional<std::uint64_t> Request::content_length() const {
  return decimal(header("content-length"));
}

}  // namespace shilu::http

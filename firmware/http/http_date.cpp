#include "firmware/http/http_date.h"

#include <ctime>
#include <string>

namespace shilu::http {

std::optional<std::chrono::seconds> parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return std::chrono::seconds(timegm(&parts));
}

}  // namespace shilu::http

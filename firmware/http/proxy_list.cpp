#include "firmware/http/proxy_list.h"

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

std::string_view scheme_of(std::string_view kind) {
  if (equal_ignoring_case(kind, "PROXY") || equal_ignoring_case(kind, "HTTP")) return "http://";
  if (equal_ignoring_case(kind, "HTTPS")) return "https://";
  if (equal_ignoring_case(kind, "SOCKS4")) return "socks4a://";
  if (equal_ignoring_case(kind, "SOCKS") || equal_ignoring_case(kind, "SOCKS5")) return "socks5h://";
  return "";
}

std::string proxy_of(std::string_view entry) {
  if (equal_ignoring_case(entry, "DIRECT")) return "direct";
  const auto blank = entry.find_first_of(" \t");
  if (blank == std::string_view::npos) return "";
  const std::string_view scheme = scheme_of(entry.substr(0, blank));
  const std::string_view where = trimmed(entry.substr(blank));
  if (scheme.empty() || where.empty()) return "";
  return std::string(scheme).append(where);
}

}  // namespace

std::vector<std::string> proxies_of(std::string_view pac_answer) {
  std::vector<std::string> proxies;
  while (!pac_answer.empty()) {
    const auto end = std::min(pac_answer.find(';'), pac_answer.size());
    if (auto proxy = proxy_of(trimmed(pac_answer.substr(0, end))); !proxy.empty())
      proxies.push_back(std::move(proxy));
    pac_answer.remove_prefix(std::min(end + 1, pac_answer.size()));
  }
  if (proxies.empty()) proxies.push_back("direct");
  return proxies;
}

}  // namespace shilu::http

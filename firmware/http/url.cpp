#include "firmware/http/url.h"

#include "firmware/http/client.h"
#include "firmware/http/curl_handles.h"

namespace shilu::http {
namespace {

Result<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
    return fail(ErrorKind::kInvalidArgument, "the URL has no such part");
  return std::string(CurlText(text).get());
}

tl::unexpected<Error> not_a_url(std::string_view text) {
  return fail(ErrorKind::kInvalidArgument, "\"" + told_url(text) + "\" is not an http or https URL");
}

// http and https only, and with a host: curl itself would take ftp, file and much else.
Result<UrlHandle> parse(std::string_view text) {
  UrlHandle url(curl_url());
  bool parsed = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) == CURLUE_OK;
  if (!parsed || text.find('\0') != std::string_view::npos) return not_a_url(text);
  auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (!scheme || (*scheme != "http" && *scheme != "https")) return not_a_url(text);
  if (!part_of(url.get(), CURLUPART_HOST)) return not_a_url(text);
  return url;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string told_url(std::string_view url) {
  std::string told(url.substr(0, url.find_first_of("?#")));
  const auto scheme = told.find("://");
  const auto host = scheme == told.npos ? 0 : scheme + 3;
  const auto at = told.substr(0, told.find('/', host)).rfind('@');
  if (at != told.npos && at >= host) told.erase(host, at + 1 - host);
  return told;
}

Result<std::string> authority_of(std::string_view text) {
  SHILU_TRY(auto url, parse(text));
  SHILU_TRY(auto host, part_of(url.get(), CURLUPART_HOST));
  SHILU_TRY(auto port, part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  return host + ":" + port;
}

Result<std::string> host_of(std::string_view text) {
  SHILU_TRY(auto url, parse(text));
  return part_of(url.get(), CURLUPART_HOST);
}

Result<std::string> resolve_url(std::string_view base, std::string_view reference) {
  SHILU_TRY(auto url, parse(base));
  if (!reference.empty() &&
      curl_url_set(url.get(), CURLUPART_URL, std::string(reference).c_str(), 0) != CURLUE_OK)
    return not_a_url(reference);
  SHILU_TRY(auto resolved, part_of(url.get(), CURLUPART_URL));
  SHILU_CHECK(parse(resolved));  // a reference may name another scheme
  return resolved;
}

std::string url_encode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace shilu::http

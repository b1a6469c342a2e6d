#include "config/upload_section.h"

#include <array>

namespace shilu::config {
namespace {

constexpr std::array<std::string_view, 5> kProxySchemes = {"http://", "https://", "socks5h://", "socks5://",
                                                           "socks4a://"};
constexpr std::string_view kPin = "sha256//";
constexpr std::size_t kPinLength = 44;  // base64 of 32 bytes

tl::unexpected<Error> wrong(const Section& section, std::string_view key, std::string_view what) {
  const toml::node* node = section.table.get(key);
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("{}: \"{}\": {}",
                          node == nullptr ? std::string(section.file) : place(section, *node), key, what));
}

// `parse` over the key's text, if it is there; its error gets the line.
template <typename Parse>
Status read_parsed(const Section& section, std::string_view key, Parse parse) {
  std::string text;
  SHILU_CHECK(read_text(section, key, text));
  if (section.table.get(key) == nullptr) return {};
  if (const Status parsed = parse(text); !parsed) return wrong(section, key, parsed.error().message);
  return {};
}

Status check_proxy(const Section& section, const UploadSettings& upload) {
  if (!upload.proxy.empty() && !upload.pac.empty())
    return wrong(section, "pac", "set either a proxy or a script that names one, not both");
  const bool known = upload.proxy.empty() || upload.proxy == "direct" ||
                     std::any_of(kProxySchemes.begin(), kProxySchemes.end(),
                                 [&](std::string_view scheme) { return upload.proxy.starts_with(scheme); });
  if (!known) return wrong(section, "proxy", "write http://host:port, socks5h://host:port or direct");
  if (upload.proxy_user.empty() != upload.proxy_password_file.empty())
    return wrong(section, "proxy_user", "proxy_user and proxy_password_file belong together");
  return {};
}

Status read_way(const Section& section, UploadSettings& upload) {
  SHILU_CHECK(read_text(section, "proxy", upload.proxy));
  SHILU_CHECK(read_text(section, "proxy_user", upload.proxy_user));
  SHILU_CHECK(read_path(section, "proxy_password_file", upload.proxy_password_file));
  SHILU_CHECK(read_text(section, "pac", upload.pac));
  return check_proxy(section, upload);
}

Status read_trust(const Section& section, UploadSettings& upload) {
  SHILU_CHECK(read_path(section, "ca_file", upload.ca_file));
  SHILU_CHECK(read_texts(section, "pinned_keys", upload.pinned_keys));
  SHILU_CHECK(read_path(section, "client_certificate", upload.client_certificate));
  SHILU_CHECK(read_path(section, "client_key", upload.client_key));
  for (const std::string& pin : upload.pinned_keys) {
    if (!pin.starts_with(kPin) || pin.size() != kPin.size() + kPinLength)
      return wrong(section, "pinned_keys",
                   fmt::format("\"{}\" is not sha256// and 44 characters of base64", pin));
  }
  if (upload.client_certificate.empty() != upload.client_key.empty())
    return wrong(section, "client_certificate", "client_certificate and client_key belong together");
  return {};
}

Status read_manners(const Section& section, UploadSettings& upload) {
  SHILU_CHECK(read_parsed(section, "limit", [&](const std::string& text) -> Status {
    SHILU_TRY(upload.limit, BandwidthTimetable::parse(text));
    return {};
  }));
  SHILU_CHECK(read_parsed(section, "while_recording", [&](const std::string& text) -> Status {
    SHILU_TRY(upload.while_recording, parse_rate(text));
    return {};
  }));
  SHILU_CHECK(read_value<bool>(section, "yield_to_others", "true or false", upload.yield_to_others));
  std::vector<std::string> hours;
  SHILU_CHECK(read_texts(section, "forbidden_hours", hours));
  auto forbidden = ForbiddenHours::parse(hours);
  if (!forbidden) return wrong(section, "forbidden_hours", forbidden.error().message);
  upload.forbidden_hours = std::move(*forbidden);
  return read_texts(section, "metered_interfaces", upload.metered_interfaces);
}

}  // namespace

Status read_upload(const Section& section, UploadSettings& upload) {
  static constexpr std::array<std::string_view, 13> kKnown = {
      "proxy",           "proxy_user",         "proxy_password_file", "pac",   "ca_file",
      "pinned_keys",     "client_certificate", "client_key",          "limit", "while_recording",
      "yield_to_others", "forbidden_hours",    "metered_interfaces"};
  SHILU_CHECK(check_keys(section, kKnown));
  SHILU_CHECK(read_way(section, upload));
  SHILU_CHECK(read_trust(section, upload));
  return read_manners(section, upload);
}

}  // namespace shilu::config

#include "upload/sender/client_options.h"

#include <fmt/ranges.h>

#include "firmware/base/file_system.h"
#include "firmware/base/log.h"
#include "firmware/http/proxy_script.h"

namespace shilu::sender {

http::ClientOptions client_options(const config::UploadSettings& settings) {
  http::ClientOptions options;
  options.ca_file = settings.ca_file.string();
  options.pinned_keys = fmt::format("{}", fmt::join(settings.pinned_keys, ";"));
  options.client_certificate = settings.client_certificate.string();
  options.client_key = settings.client_key.string();
  options.proxy = settings.proxy;
  options.proxy_user = settings.proxy_user;
  if (!settings.proxy_password_file.empty()) {
    auto password = read_text_file(settings.proxy_password_file);
    if (!password) log_error("outbox: {}", password.error().message);
    options.proxy_password = password ? std::move(*password) : "";
    while (options.proxy_password.ends_with('\n')) options.proxy_password.pop_back();
  }
  if (!settings.pac.empty()) options.proxy_for = http::proxy_script(settings.pac);
  return options;
}

http::ClientOptions store_client_options(const config::UploadSettings& settings) {
  http::ClientOptions options = client_options(settings);
  options.pinned_keys.clear();
  options.client_certificate.clear();
  options.client_key.clear();
  return options;
}

}  // namespace shilu::sender

#pragma once
// What FindProxyForURL() of a PAC script answers: "PROXY a:3128; SOCKS5 b:1080; DIRECT" (Netscape, "Proxy
// Auto-Config File Format", 1996; SOCKS5 and HTTPS as browsers added them). -> libcurl's words, in the
// script's order; "direct" for DIRECT. Entries that are none are passed over; an empty answer means "direct".

#include <string>
#include <string_view>
#include <vector>

namespace shilu::http {

std::vector<std::string> proxies_of(std::string_view pac_answer);

}  // namespace shilu::http

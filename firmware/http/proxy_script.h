#pragma once
// Proxy auto-configuration (PAC): fetches the script and asks it, in a process of its own (shilu-pac).

#include <functional>
#include <string>

#include "firmware/base/result.h"

namespace shilu::http {

// For ClientOptions::proxy_for. `where`: an http(s) address, fetched without any proxy, or a file. Each call
// fetches it anew; kUnavailable: it cannot be had, or gives no answer within 5 s.
std::function<Result<std::string>(const std::string& url)> proxy_script(std::string where);

}  // namespace shilu::http

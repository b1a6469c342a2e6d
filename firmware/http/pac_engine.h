#pragma once
// Runs a proxy auto-configuration script. The script is a stranger's program: only shilu-pac, a process of
// its own with little to lose, calls this.

#include <string>

#include "firmware/base/result.h"

namespace shilu::http {

// -> what FindProxyForURL() gave. kInvalidArgument: the script has an error.
Result<std::string> run_pac(const std::string& script, const std::string& url, const std::string& host);

}  // namespace shilu::http

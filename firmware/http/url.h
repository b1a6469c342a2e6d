#pragma once
#include <string>
#include <string_view>

#include "firmware/base/result.h"

namespace shilu::http {

// "host:port" of an absolute http(s) URL, as people name a peer; no user, no password. kInvalidArgument: not
// such a URL.
Result<std::string> authority_of(std::string_view url);
Result<std::string> host_of(std::string_view url);  // without the port

// As it may be told in messages and logs: without user and password, query and fragment, where signatures
// and tokens stand. Takes anything.
std::string told_url(std::string_view url);

}  // namespace shilu::http

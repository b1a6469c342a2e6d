#pragma once
#include <curl/curl.h>

#include <string>

#include "firmware/base/result.h"

namespace shilu::http {

// What libcurl's code means for the caller, as a sentence that names the peer. `os_error`: CURLINFO_OS_ERRNO
// or 0; `detail`: libcurl's own words, used where ours would say less.
Error error_of(CURLcode code, long os_error, const std::string& peer, std::string detail);

}  // namespace shilu::http

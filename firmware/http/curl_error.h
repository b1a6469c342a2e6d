#pragma once
#include <curl/curl.h>

#include <string>

#include "firmware/base/result.h"
#include "firmware/http/client.h"

namespace shilu::http {

struct CurlFailure {
  CURLcode code = CURLE_OK;
  long os_error = 0;      // CURLINFO_OS_ERRNO
  long proxy_status = 0;  // what a proxy answered to CONNECT; 0: none was asked
  std::string detail;     // libcurl's own words, used where ours would say less
};

Cause cause_of(const CurlFailure& failure);
// What it means for the caller, as a sentence that names the peer.
Error error_of(const CurlFailure& failure, const std::string& peer);

}  // namespace shilu::http

#pragma once
// AWS Signature Version 4 for the S3 service, in a header or in the query of a URL ("presigned").
// Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)". Ours rather than
// libcurl's, whose 7.88 signs queries, paths and clocks wrongly (docs/decisions/). Pure functions,
// thread-safe.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "firmware/base/clock.h"

namespace shilu::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// What is signed. Names and values as they are meant, not yet encoded; header names in lower case.
struct SignedParts {
  std::string method;
  std::string host;  // as the Host header has it, with the port unless it is the scheme's own
  std::string path;  // "/bucket/key"
  Pairs query;
  Pairs headers;  // all that are to be signed beside host and the x-amz-* that sign_request adds
  std::string payload_sha256 = std::string(kUnsignedPayload);  // hex
};

// The headers that make the request a signed one: x-amz-date, x-amz-content-sha256, Authorization.
Pairs sign_request(const SignedParts& parts, const Credentials& credentials, WallTime now);

// The query (encoded, without "?") that lets whoever has it make just this request until `now` + `valid` (at
// most 7 days). What stands in `parts.headers` must be sent with it.
std::string presigned_query(const SignedParts& parts, const Credentials& credentials, WallTime now,
                            std::chrono::seconds valid);

// `text` as SigV4 wants it in a path ('/' kept) or a query: RFC 3986 unreserved kept, all else %XX in upper
// case.
std::string encoded_path(std::string_view text);
std::string encoded_query(const Pairs& query);  // sorted

}  // namespace shilu::s3

#pragma once
// HTTP client on libcurl for the control conversation and for streamed uploads. One Client per thread; connections are
// reused. A fresh easy handle per request (a handle that failed once is never trusted again).

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/bytes.h"

namespace shilu::http {

// Where an upload's bytes come from: fills `buffer`, gives the count, 0 at the end, or an error to abort.
using BodySource = std::function<Result<std::size_t>(std::span<std::uint8_t> buffer)>;

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;                              // or:
  BodySource source;                             // with source_size
  std::uint64_t source_size = 0;
  bool expect_continue = false;                  // "Expect: 100-continue" before a streamed body
  // Bytes acknowledged by the peer's kernel so far (not those merely handed to the socket); called about 4 times a
  // second. Return false to cancel.
  std::function<bool(std::uint64_t acked_bytes)> on_progress;
  std::chrono::milliseconds answer_timeout{30'000};  // from the last body byte acknowledged to the answer's head
};

struct ClientResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names; the last of repeated ones
  std::string body;                            // at most 16 MiB, else an error
  std::string_view header(std::string_view lower_case_name) const;
};

struct ClientOptions {
  std::string user_agent = "shilu";
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds dead_peer_timeout{20'000};  // TCP_USER_TIMEOUT: sent data not acknowledged for this long
  std::string ca_file;                                  // the school's own CA; empty: the system's
  std::string pinned_keys;                              // CURLOPT_PINNEDPUBLICKEY; empty: none
  std::string proxy;                                    // empty: from the environment
};

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Any HTTP status is a success here. Errors: kUnavailable (refused, reset, no name), kTimedOut, kCancelled,
  // kPermissionDenied (TLS trust, pin), each with a sentence that names host and cause.
  Result<ClientResponse> perform(const ClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Splits and checks an absolute http(s) URL; resolves a Location against it.
Result<std::string> resolve_url(std::string_view base, std::string_view reference);
std::string url_encode(std::string_view text);  // RFC 3986 unreserved kept

}  // namespace shilu::http

#pragma once
// tus 1.0.0 client: creation, core, termination. Works with any tus server. One call is one HTTP request;
// what to do after a failure is the caller's (outbox.h): every failure ends in offset().

#include <functional>
#include <map>
#include <string>

#include "upload/sender/platform_client.h"

namespace shilu::sender {

class TusClient {
 public:
  // `headers` go with every request (Authorization).
  TusClient(http::Client& client, std::vector<std::pair<std::string, std::string>> headers);

  // -> absolute upload URL
  CallResult<std::string> create(const std::string& endpoint, std::uint64_t size,
                                 const std::map<std::string, std::string>& metadata);
  CallResult<std::uint64_t> offset(const std::string& upload_url);
  // Sends `size` bytes of the file from `from`; -> the server's new offset. `progress` gets bytes
  // acknowledged of this call and returns false to stop.
  CallResult<std::uint64_t> append(const std::string& upload_url, const std::filesystem::path& file,
                                   std::uint64_t from, std::uint64_t size,
                                   const std::function<bool(std::uint64_t)>& progress);
  CallResult<void> terminate(const std::string& upload_url);

 private:
  http::Client& client_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace shilu::sender

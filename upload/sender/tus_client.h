#pragma once
// tus 1.0.0 client: creation, core, termination. Works with any tus server. One call is one HTTP request;
// what to do after a failure is the caller's (tus_transport.h): every failure ends in offset().

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "upload/sender/platform_client.h"

namespace shilu::sender {

// What a server says of itself (OPTIONS, tus 1.0 "Protocol Extensions").
struct TusServer {
  std::vector<std::string> extensions;
  std::uint64_t max_size = 0;  // 0: not said
  bool has(std::string_view extension) const;
};

class TusClient {
 public:
  struct Slice {
    std::uint64_t from = 0;
    std::uint64_t size = 0;
    bool ask_first = false;  // "Expect: 100-continue"
  };
  // See http::ClientRequest; each may be empty.
  struct Hooks {
    std::function<bool(std::uint64_t)> progress;
    std::function<std::size_t(std::size_t)> allowance;
    std::function<void(const http::LineSample&)> on_line;
  };

  // `headers` go with every request (Authorization).
  TusClient(http::Client& client, std::vector<std::pair<std::string, std::string>> headers);

  CallResult<TusServer> probe(const std::string& endpoint);
  // -> absolute upload URL
  CallResult<std::string> create(const std::string& endpoint, std::uint64_t size,
                                 const std::map<std::string, std::string>& metadata);
  CallResult<std::uint64_t> offset(const std::string& upload_url);
  // Sends a slice of the file; -> the server's new offset. Progress counts from the slice's begin.
  CallResult<std::uint64_t> append(const std::string& upload_url, const std::filesystem::path& file,
                                   const Slice& slice, const Hooks& hooks);
  CallResult<void> terminate(const std::string& upload_url);

 private:
  http::Client& client_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace shilu::sender

#pragma once
// A platform in the test's own process, on a real socket: speaks docs/ref/platform-api.md as far as a sender
// sees it, and misbehaves when told to.

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "firmware/base/keys.h"
#include "firmware/http/server.h"

namespace shilu::sender::test {

class FakePlatform {
 public:
  FakePlatform();
  std::string url() const;

  // Before everything else: an answer here is given instead of the true one. `call` is "offer", "create",
  // "head", "patch", "state", "enrol", "delete". Called on the server's threads.
  std::function<std::optional<http::Response>(const std::string& call, const http::Request& request)>
      interfere;
  bool forget_after_upload = false;    // has it all, and knows nothing of it when asked
  std::size_t refuse_bodies_over = 0;  // 413, as a proxy; 0: none
  std::size_t damage_block_at = 0;     // 460 once, when the offset reaches this; 0: never
  int verifying_questions = 0;         // how often the answer is "verifying" before the receipt

  struct Upload {
    std::string id, sha256;
    std::uint64_t size = 0;
    std::string bytes;
  };
  // What was called, in order: "offer", "create", …
  std::vector<std::string> calls() const;
  int count(const std::string& call) const;
  std::vector<Upload> uploads() const;  // in the order of their making
  std::string token() const { return token_; }
  void new_token();  // the old one ends

 private:
  class Sink;
  using Answer = std::optional<http::Response>;
  Answer before(const std::string& call, const http::Request& request);
  http::Response offer(const http::Request& request);
  http::Response create(const http::Request& request);
  http::Response state(const http::Request& request);
  std::variant<std::unique_ptr<http::BodySink>, http::Response> patch(const http::Request& request);
  void add_routes();

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::string> calls_;
  std::vector<std::string> order_;
  std::map<std::string, Upload> uploads_;
  std::map<std::string, int> asked_;
  std::string token_ = "token-1";
  SigningKey key_ = SigningKey::generate();
  http::Server server_{http::ServerOptions{}};
};

}  // namespace shilu::sender::test

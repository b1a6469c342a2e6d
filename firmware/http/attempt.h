#pragma once
// How one try of a request goes out; the client decides it from what the tries before it met.

#include <chrono>
#include <optional>
#include <string>

namespace shilu::http {

struct AttemptPlan {
  std::chrono::milliseconds silence{0};  // see ClientOptions::silence; 0: not judged
  std::string proxy;                     // as ClientOptions::proxy
  std::string address;                   // "host:port:address": instead of asking the name server
};

}  // namespace shilu::http

#pragma once
// How one try of a request goes out; the client decides it from what the tries before it met.

#include <chrono>
#include <optional>
#include <string>

#include "firmware/http/name_way.h"

namespace shilu::http {

struct AttemptPlan {
  std::chrono::milliseconds silence{0};  // see ClientOptions::silence; 0: not judged
  std::string proxy;                     // as ClientOptions::proxy
  NameWay names = NameWay::kBoth;
  std::string address;  // "host:port:address": of NameWay::kKnown, instead of asking the name server
};

}  // namespace shilu::http

#pragma once
// A server of somebody else's, run for one test: a script that prints the port it listens on and serves until
// killed.

#include <sys/types.h>

#include <string>

namespace shilu::http::test {

class ScriptServer {
 public:
  explicit ScriptServer(const std::string& command);
  ~ScriptServer();
  int port() const { return port_; }

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace shilu::http::test

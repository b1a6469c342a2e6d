#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/http/script_server.h"

namespace shilu::http::test {

ScriptServer::ScriptServer(const std::string& command) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const std::string line = "exec " + command;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::close(pipe_ends[0]);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  FILE* out = ::fdopen(pipe_ends[0], "r");
  const int numbers = std::fscanf(out, "%d", &port_);
  std::fclose(out);
  INFO(command);
  REQUIRE(numbers == 1);
}

ScriptServer::~ScriptServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace shilu::http::test

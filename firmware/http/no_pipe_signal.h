#pragma once
// While it lives, writing to a closed socket in this thread gives EPIPE and no SIGPIPE, and leaves the
// process's signal settings (which children inherit) as they are.

#include <pthread.h>
#include <signal.h>

namespace shilu::http {

class NoPipeSignal {
 public:
  NoPipeSignal();
  ~NoPipeSignal();
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace shilu::http

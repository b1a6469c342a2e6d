#include "firmware/http/no_pipe_signal.h"

#include <ctime>

namespace shilu::http {
namespace {

sigset_t pipe_only() {
  sigset_t set{};
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

NoPipeSignal::NoPipeSignal() {
  auto set = pipe_only();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

NoPipeSignal::~NoPipeSignal() {
  if (::sigismember(&before_, SIGPIPE) == 1) return;  // was blocked before: whoever did it takes care of it
  auto set = pipe_only();
  timespec none{};
  while (::sigtimedwait(&set, nullptr, &none) == SIGPIPE) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace shilu::http

#pragma once
// Slows down whoever tries out secrets: so many wrong ones in a while from one address, then none is looked
// at. Thread-safe.

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "firmware/base/clock.h"

namespace shilu::platform {

class AttemptLimiter {
 public:
  // The clock is borrowed.
  explicit AttemptLimiter(const Clock& clock) : clock_(clock) {}

  // How long this address has to wait; 0: it may try.
  std::chrono::seconds wait_of(const std::string& peer);
  void count_wrong(const std::string& peer);

 private:
  struct Wrong {
    int count = 0;
    MonotonicTime first;
  };
  void forget_old(MonotonicTime now);

  const Clock& clock_;
  std::mutex mutex_;  // guards wrong_
  std::map<std::string, Wrong> wrong_;
};

}  // namespace shilu::platform

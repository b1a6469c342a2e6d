#pragma once
// A share of one core that a thread may use for what it can also leave out. Thread-bound.

#include <time.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "firmware/base/clock.h"

namespace shilu::monitor {

class CpuBudget {
 public:
  // Unused share is kept for up to `burst`.
  CpuBudget(double share, Nanoseconds burst) : share_(share), burst_(burst), left_(burst) {}

  // Before something that can be left out: whether there is anything left for it.
  bool allows(MonotonicTime now, Nanoseconds used_by_thread) {
    if (last_) {
      const auto earned = std::chrono::duration_cast<Nanoseconds>((now - last_->first) * share_);
      left_ = std::min(left_ + earned - (used_by_thread - last_->second), burst_);
    }
    last_ = {now, used_by_thread};
    return left_ > Nanoseconds(0);
  }

 private:
  double share_;
  Nanoseconds burst_;
  Nanoseconds left_;
  std::optional<std::pair<MonotonicTime, Nanoseconds>> last_;
};

inline Nanoseconds thread_cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec);
}

}  // namespace shilu::monitor

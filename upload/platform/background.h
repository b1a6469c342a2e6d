#pragma once
// The one thread that works beside the requests: takes uploads in, verifies, decides what was left, sweeps.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "upload/platform/context.h"

namespace shilu::platform {

class Background {
 public:
  explicit Background(const Context& context);  // begins at once, with what a restart left
  ~Background();                                // ends after the package in hand
  void wake();                                  // thread-safe: an upload is complete

 private:
  void run();
  void work();
  void do_chores();

  const Context context_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  bool wake_ = true;
  bool stop_ = false;
  std::chrono::steady_clock::time_point chores_due_;
  std::thread thread_;
};

}  // namespace shilu::platform

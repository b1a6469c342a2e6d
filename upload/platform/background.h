#pragma once
// The threads that work beside the requests. One takes uploads in, verifies, decides what was left and
// sweeps; the other joins and fetches what lies in a store, which may be slow or hang and holds up nothing
// else.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "upload/platform/context.h"

namespace shilu::platform {

// Does `work` at once, when it is woken, and every half minute without: what a full or ailing disk or a dead
// store held up is tried again.
class Worker {
 public:
  explicit Worker(std::function<void(const std::stop_token&)> work);
  void wake();  // thread-safe

 private:
  void run(const std::stop_token& stop);

  const std::function<void(const std::stop_token&)> work_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool wake_ = true;     // guarded by mutex_
  std::jthread thread_;  // last: it uses what is above
};

class Background {
 public:
  explicit Background(const Context& context);  // begins at once, with what a restart left
  void wake();                                  // thread-safe: an upload is complete
  // Its end waits for the package in hand, and for the block or the join that is under way at the store.

 private:
  void take_in();

  const Context context_;
  std::chrono::steady_clock::time_point chores_due_;  // the first worker's
  Worker intake_;
  Worker store_;  // last: it wakes the other one
};

}  // namespace shilu::platform

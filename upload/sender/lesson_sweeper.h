#pragma once
// Takes away, now and then, what may go (retention.h), in a thread of its own with a store connection of its
// own. With a platform it goes by the platform's clock, and does nothing before it has heard it: a machine
// whose clock jumped ahead would find everything old. Logs each lesson that it takes away.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "config/appliance.h"
#include "upload/sender/retention.h"

namespace shilu::sender {

// With the key that was pinned when the device enrolled.
Result<Retention::Options> retention_options(const config::ApplianceSettings& settings);

class LessonSweeper {
 public:
  struct World {
    // How far the platform's clock is ahead of ours; nullopt: not heard yet. Empty: there is no platform.
    std::function<std::optional<std::chrono::seconds>()> clock_ahead;
    std::function<void()> on_removed;
  };
  // The settings are borrowed.
  LessonSweeper(const config::ApplianceSettings& settings, World world);
  ~LessonSweeper();  // waits for a lesson that is being taken away
  Status start();

 private:
  void run();
  Status sweep(std::chrono::seconds ahead);

  const config::ApplianceSettings& settings_;
  const World world_;
  SystemClock clock_;
  std::optional<store::DeviceStore> store_;  // bound to the thread once it runs
  std::mutex mutex_;                         // guards stopping_
  std::condition_variable woken_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shilu::sender

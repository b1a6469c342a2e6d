#pragma once
// Takes away, now and then, what may go (retention.h), in a thread of its own with a store connection of its
// own. With a platform it goes by the platform's clock, and does nothing before it has heard it; without one
// by ours, while the kernel calls it synchronised: a machine whose clock jumped ahead would find everything
// old. Logs each lesson that it takes away.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "config/appliance.h"
#include "upload/sender/heard_clock.h"
#include "upload/sender/retention.h"

namespace shilu::sender {

// With the key that was pinned when the device enrolled.
Result<Retention::Options> retention_options(const config::ApplianceSettings& settings);

class LessonSweeper {
 public:
  struct World {
    // nullopt: not heard yet. Empty: there is no platform.
    std::function<std::optional<HeardClock>()> platform_clock;
    std::function<void()> on_removed;
  };
  // The settings are borrowed.
  LessonSweeper(const config::ApplianceSettings& settings, World world);
  ~LessonSweeper();  // waits for a lesson that is being taken away
  Status start();

 private:
  void run();
  std::optional<WallTime> now() const;  // nullopt: no clock is to be trusted yet
  Status sweep(WallTime now);

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

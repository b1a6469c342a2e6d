#pragma once
// The resident monitor: follows the recorder, watches what is written, listens to the sources, and tells
// whoever is connected to monitor.sock. It only reads; nothing waits for it, and without it everything but
// the alarms goes on.

#include <filesystem>
#include <memory>
#include <mutex>

#include "capture/monitor/lesson_watch.h"
#include "capture/monitor/level_meter.h"
#include "capture/monitor/monitor_server.h"
#include "capture/recorder/control_client.h"

namespace shilu::monitor {

class Monitor {
 public:
  // kAlreadyExists: another one runs.
  static Result<std::unique_ptr<Monitor>> open(const std::filesystem::path& runtime_directory);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

 private:
  Monitor(std::filesystem::path runtime_directory, UniqueFd listener);
  void on_status(const recorder::RecorderStatus& status);
  void tell_levels();

  const std::filesystem::path runtime_directory_;
  MonitorServer server_;
  LessonWatch lesson_;
  std::mutex mutex_;  // guards meters_ and ending_
  std::condition_variable wake_;
  std::map<std::string, std::unique_ptr<LevelMeter>> meters_;
  bool ending_ = false;
  std::thread teller_;
  recorder::ControlSubscription subscription_;  // last: its thread uses what is above
};

}  // namespace shilu::monitor

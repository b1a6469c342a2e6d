#pragma once
// Hears the monitor, on a thread of its own, and keeps it running: a monitor that dies is started again.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "capture/monitor/alarm.h"
#include "firmware/base/process.h"
#include "firmware/base/unix_socket.h"

namespace shilu::monitor {

class MonitorClient {
 public:
  struct Callbacks {  // each may be empty; called on the client's thread
    std::function<void(const std::vector<Alarm>&)> alarms;  // empty list when the monitor goes away
    std::function<void(const std::vector<TrackLevel>&)> levels;
  };
  // `program`: shilu-monitor; started with this runtime directory when none answers there.
  MonitorClient(std::filesystem::path runtime_directory, std::filesystem::path program, Callbacks callbacks);
  ~MonitorClient();  // no callback after it; ends the monitor that it started
  MonitorClient(const MonitorClient&) = delete;
  MonitorClient& operator=(const MonitorClient&) = delete;

 private:
  void run();
  void keep_running();
  void follow(MessageChannel& channel);
  bool pause(Nanoseconds time);

  const std::filesystem::path runtime_directory_;
  const std::filesystem::path program_;
  const Callbacks callbacks_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable wake_;
  bool ending_ = false;
  MessageChannel* channel_ = nullptr;  // while connected
  std::optional<ChildProcess> child_;  // the thread's own
  Nanoseconds backoff_{0};             // likewise
  std::thread thread_;
};

}  // namespace shilu::monitor

#pragma once
// Tells everybody who is connected to monitor.sock: the alarms at once and at each change, the levels as they
// come. Never waits for a listener; one that does not read is cut off. Thread-safe.

#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "capture/monitor/alarm.h"
#include "capture/recorder/event_hub.h"
#include "firmware/base/unix_socket.h"

namespace shilu::monitor {

class MonitorServer {
 public:
  explicit MonitorServer(UniqueFd listener);
  ~MonitorServer();
  MonitorServer(const MonitorServer&) = delete;
  MonitorServer& operator=(const MonitorServer&) = delete;

  void tell_alarms(const std::vector<Alarm>& alarms);
  void tell_levels(const std::vector<TrackLevel>& levels);

 private:
  struct Listener {
    explicit Listener(UniqueFd fd) : channel(std::move(fd)) {}
    MessageChannel channel;
    recorder::Outbox outbox;
    std::thread speaks;
  };
  void accept();
  void tell(const std::string& message);
  static void end(Listener& listener);

  UniqueFd listener_;
  std::mutex mutex_;  // guards the three below
  std::list<std::unique_ptr<Listener>> listeners_;
  std::vector<Alarm> alarms_;
  bool ending_ = false;
  std::thread acceptor_;
};

}  // namespace shilu::monitor

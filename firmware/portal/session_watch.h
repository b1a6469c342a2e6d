#pragma once
// What a session has open ends with it: event streams and live pictures are closed when the teacher signs
// out, when the PIN is set anew and when the session has lived its time. Thread-safe.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "firmware/portal/event_hub.h"
#include "firmware/portal/preview.h"
#include "firmware/store/device_store.h"

namespace shilu::portal {

class SessionWatch {
 public:
  static constexpr Nanoseconds kInterval = std::chrono::seconds(2);
  SessionWatch(store::DeviceStore& store, EventHub& events, Preview& preview);
  ~SessionWatch();
  void look();  // now, on the caller's thread

 private:
  void run();

  store::DeviceStore& store_;
  EventHub& events_;
  Preview& preview_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable woken_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace shilu::portal

#pragma once
// Watches the running lesson: takes the recorder's news, reads what has become durable, tells what is wrong
// with it. The news come on the recorder's subscription thread and never wait; one thread of its own reads
// and decodes. When it cannot keep up, the oldest news go; when it has used its share of the processor,
// pictures go before sound. Thread-safe.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "capture/monitor/cpu_budget.h"
#include "capture/monitor/durability_watch.h"
#include "capture/monitor/track_watch.h"
#include "capture/recorder/control_protocol.h"

namespace shilu::monitor {

class LessonWatch {
 public:
  // `tell` gets all alarms of the moment whenever they change, on a thread of this object.
  explicit LessonWatch(std::function<void(const std::vector<Alarm>&)> tell);
  ~LessonWatch();
  LessonWatch(const LessonWatch&) = delete;
  LessonWatch& operator=(const LessonWatch&) = delete;

  void on_status(const recorder::RecorderStatus& status);
  void on_fragment(const recorder::FragmentNotice& notice);

 private:
  void run();
  void take(const recorder::FragmentNotice& notice);
  TrackWatch* track(const std::string& name);
  void follow_lesson(const std::string& id, const std::string& directory);
  void watch_durability(const recorder::RecorderStatus& status, MonotonicTime now);
  void tell_if_changed();

  const std::function<void(const std::vector<Alarm>&)> tell_;
  std::mutex mutex_;  // guards the four below
  std::condition_variable wake_;
  std::deque<recorder::FragmentNotice> news_;
  std::optional<recorder::RecorderStatus> status_;  // the newest that was not looked at yet
  bool ending_ = false;

  // The thread's own.
  std::string lesson_;
  std::filesystem::path directory_;
  std::map<std::string, std::string> kinds_;  // of sources
  std::map<std::string, TrackWatch> tracks_;
  DurabilityWatch durability_;
  std::vector<Alarm> told_;
  CpuBudget budget_;
  std::thread thread_;  // last
};

}  // namespace shilu::monitor

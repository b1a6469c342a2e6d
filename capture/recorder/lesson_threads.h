#pragma once
// The two threads that bring a lesson to the disk: one writes what was offered, one syncs: a tick after the
// last sync at the latest, and from half a tick on as soon as something is written. A sync that takes long
// stretches the tick. A disk that fails is tried again, ever more slowly, up to every 5 s.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "capture/recorder/live_lesson.h"

namespace shilu::recorder {

class LessonThreads {
 public:
  LessonThreads(LiveLesson& lesson, Nanoseconds tick);
  ~LessonThreads() { end(); }
  LessonThreads(const LessonThreads&) = delete;
  LessonThreads& operator=(const LessonThreads&) = delete;

  void end();                 // stops both after what they are at; nothing more is written. Idempotent
  void fragment_offered();    // any thread
  void tick_wanted();         // any thread: now, not at the end of the tick
  std::string fault() const;  // why the disk does not take what it should; empty: it does

 private:
  void write();
  void sync();
  bool await_tick(std::optional<Nanoseconds> retry);  // false: ending
  bool ending() const;
  void report(std::string& place, const Status& status);

  LiveLesson& lesson_;
  Nanoseconds tick_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable to_writer_;
  std::condition_variable to_sync_;
  bool ending_ = false;
  bool tick_now_ = false;
  bool offered_ = false;
  bool written_ = false;  // since the last tick began
  std::string write_fault_;
  std::string sync_fault_;

  std::thread writer_;
  std::thread sync_;
};

}  // namespace shilu::recorder

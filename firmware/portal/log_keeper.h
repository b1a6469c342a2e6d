#pragma once
// Keeps the device log up with what happened: it compares what the lessons' folders and the store hold with
// what the log says, and logs what is new. So a thing that happened while shilud was away, or was killed
// before it could log it, is logged at the next look, once. docs/ref/device-log.md.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "capture/journal/device_log.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

class LogKeeper {
 public:
  // `on_entry` is called on the keeper's thread after entries were written. The log is borrowed.
  LogKeeper(const Context& context, journal::DeviceLog& log, std::function<void()> on_entry);
  ~LogKeeper();
  void start();  // logs the boot, or that shilud began again; then looks
  void wake();   // thread-safe: something may have changed

 private:
  void run();
  void begin();
  bool look();  // did it log anything
  void note(const std::string& event, const Json& members);
  void look_at_clock();
  void look_at_lessons();
  void look_at_lesson(const std::string& id);
  bool look_at_drafts(const std::string& lesson_id, std::set<std::string>& there);
  void look_at_submissions();
  void look_for_deleted(const std::set<std::string>& there);
  void remember(const journal::LogEntry& entry);

  const Context context_;
  journal::DeviceLog& log_;
  const std::function<void()> on_entry_;

  // Bound to the keeper's thread. What the log says:
  std::set<std::string> said_;               // "<event> <id>"
  std::map<std::string, std::string> kept_;  // what exists by it: "<kind> <id>" -> state of what may change
  std::map<std::string, std::string> of_lesson_;  // a clip's or a document's key -> its lesson
  std::string last_boot_, last_software_;
  std::optional<std::pair<MonotonicTime, WallTime>> last_clock_;
  MonotonicTime next_clock_{};
  bool logged_ = false;

  std::mutex mutex_;  // guards wake_, stopping_
  std::condition_variable woken_;
  bool wake_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shilu::portal

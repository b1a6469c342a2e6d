#pragma once
// What of the tries to sign in goes into the device log: each one whose PIN was looked at, by an existing
// teacher. The others - unknown names, and those that the wait after wrong PINs refused - cost a stranger
// nothing, so they are only counted, into one entry a minute at most. docs/ref/device-log.md. Thread-safe.

#include <functional>
#include <mutex>

#include "firmware/base/clock.h"
#include "firmware/base/json.h"

namespace shilu::portal {

class SignInLog {
 public:
  static constexpr Nanoseconds kInterval = std::chrono::minutes(1);
  enum class Try { kGood, kWrongPin, kNotLookedAt };
  using Append = std::function<void(const std::string& event, const Json& members)>;
  // The clock is borrowed.
  SignInLog(const Clock& clock, Append append) : clock_(clock), append_(std::move(append)) {}
  ~SignInLog();  // writes what was counted and not yet written
  // `members` name the teacher; not used for what was not looked at.
  void add(Try what, const Json& members);

 private:
  void write_count();

  const Clock& clock_;
  const Append append_;
  std::mutex mutex_;  // guards what follows
  std::int64_t counted_ = 0;
  MonotonicTime next_{};  // not before
};

}  // namespace shilu::portal

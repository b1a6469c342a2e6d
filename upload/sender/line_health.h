#pragma once
// When to try the line again. Waiting costs at most about a tenth of what the outage itself took: the first
// pauses are short (an outage of 30 s ends within 3 s more), the later ones spare a platform that is down (at
// most 5 minutes). All of them are random between nothing and their length ("full jitter", AWS architecture
// blog, 2015), so that a thousand devices do not come back in the same moment. Pure.

#include <cstdint>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::sender {

class LineHealth {
 public:
  // `fraction` in [0, 1) is the random part of a pause.
  void on_answer();  // the platform said something, whatever it was
  void on_failure(MonotonicTime now, double fraction);
  // The platform asked for patience: nobody is tried before, and those who were asked together do not come
  // together.
  void on_busy(MonotonicTime now, Nanoseconds retry_after, double fraction);
  // The cable is back, or the machine was just switched on (`outage` then says how long it was off at least).
  void on_link_up(MonotonicTime now, double fraction);
  void on_power_up(MonotonicTime now, double fraction);
  void on_person(MonotonicTime now);  // somebody stands before it and wants it now

  // Nothing is sent before; nullopt: at once.
  std::optional<MonotonicTime> hold_until() const { return hold_until_; }
  bool is_down() const { return down_since_.has_value(); }
  Nanoseconds outage(MonotonicTime now) const { return down_since_ ? now - *down_since_ : Nanoseconds(0); }

 private:
  std::optional<MonotonicTime> down_since_;
  std::int64_t failures_ = 0;
  std::optional<MonotonicTime> hold_until_;
};

}  // namespace shilu::sender

#pragma once
// A condition that is taken seriously only once it has lasted. Thread-bound.

#include "firmware/base/clock.h"

namespace shilu::media {

class Persistence {
 public:
  // Raised once it held for `raise`, lowered once it did not for `lower`.
  Persistence(Nanoseconds raise, Nanoseconds lower) : raise_(raise), lower_(lower) {}
  // The condition held, or did not, for the next `time`.
  void add(bool holds, Nanoseconds time) {
    against_ = holds == raised_ ? Nanoseconds(0) : against_ + time;
    if (against_ < (raised_ ? lower_ : raise_)) return;
    raised_ = !raised_;
    against_ = Nanoseconds(0);
  }
  bool raised() const { return raised_; }
  void clear() { *this = Persistence(raise_, lower_); }

 private:
  Nanoseconds raise_;
  Nanoseconds lower_;
  Nanoseconds against_{0};  // how long it has been other than `raised_`
  bool raised_ = false;
};

}  // namespace shilu::media

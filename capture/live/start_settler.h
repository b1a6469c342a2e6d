#pragma once
// Settles the times of the first seconds of a network source. A camera begins with a burst (what it had
// kept), and the jitter buffer needs two seconds of packets to find the true delay; until then its times are
// squeezed together. And only the camera's first sender reports (RFC 3550 6.4.1) tell how its sound lies to
// its picture. The units of that time are held back and get times counted backwards from the first good one,
// by the sender's own clock. Nothing is dropped. Thread-bound.

#include <vector>

#include "capture/link/link.h"

namespace shilu::live {

struct SettlerTimes {
  Nanoseconds window{0};    // until the delay is known
  Nanoseconds patience{0};  // at most this long for the sender reports
};

class StartSettler {
 public:
  explicit StartSettler(SettlerTimes times) : times_(times) {}
  // `unit` with its preliminary presentation time; `sender` counts on the sender's clock from any zero;
  // `aligned`: the sender's reports have been taken into account. Gives the units that may go on, oldest
  // first.
  std::vector<link::AccessUnit> add(link::AccessUnit unit, Nanoseconds sender, bool aligned);
  bool settled() const { return settled_; }
  // What is held, when no more comes.
  std::vector<link::AccessUnit> finish();

 private:
  struct Held {
    link::AccessUnit unit;
    Nanoseconds sender;
  };
  SettlerTimes times_;
  bool settled_ = false;
  std::vector<Held> held_;
};

}  // namespace shilu::live

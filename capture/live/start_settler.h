#pragma once
// Settles the times of the first seconds of a network source. A camera begins with a burst (what it had
// kept), and the jitter buffer needs two seconds of packets to find the true delay; until then its times are
// squeezed together. And only the camera's first sender reports (RFC 3550 6.4.1) tell how its sound lies to
// its picture. The units of that time are held back and get times counted backwards from the first good one,
// by the sender's own clock. Nothing is dropped. A sender's clock that jumps or stands still in that time
// holds nothing back: what came before the jump is given on, and after the patience by our clock, or past
// kMostHeld, all is. Thread-bound.

#include <optional>
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
  static constexpr std::size_t kMostHeld = 16u << 20;  // bytes

  // `unit` with its preliminary presentation time; `sender` counts on the sender's clock from any zero;
  // `aligned`: the sender's reports have been taken into account; `now`: the arrival. Gives the units that
  // may go on, oldest first.
  std::vector<link::AccessUnit> add(link::AccessUnit unit, Nanoseconds sender, bool aligned,
                                    MonotonicTime now);
  bool settled() const { return settled_; }
  // What is held, when no more comes.
  std::vector<link::AccessUnit> finish();

 private:
  struct Held {
    link::AccessUnit unit;
    Nanoseconds sender;
  };
  std::vector<link::AccessUnit> release();
  bool is_good(Nanoseconds span, bool aligned, MonotonicTime now) const;

  SettlerTimes times_;
  bool settled_ = false;
  std::optional<MonotonicTime> first_arrival_;
  std::size_t held_bytes_ = 0;
  std::vector<Held> held_;
};

}  // namespace shilu::live

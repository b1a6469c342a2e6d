#pragma once
// The newest units of a track while no lesson runs, so that one can begin with a picture at the press: pictures from the
// last IDR on, sound of the last 2 s. In memory only, and no longer back than that. Thread-bound.

#include <deque>
#include <optional>

#include "capture/link/link.h"

namespace shilu::recorder {

inline constexpr Nanoseconds kLeadIn = std::chrono::milliseconds(1900);  // a fragment that begins there reaches past 0

class LeadIn {
 public:
  explicit LeadIn(MediaKind kind) : kind_(kind) {}

  // The number of the newest unit that is not kept (any more), if one fell out.
  std::optional<std::uint64_t> add(link::AccessUnit unit);
  bool ready() const { return !units_.empty(); }
  // Everything that a lesson beginning at `start` may use, oldest first; the lead-in is empty afterwards. Pictures whose
  // IDR lies too far back are left out: the next IDR is near.
  std::deque<link::AccessUnit> take(MonotonicTime start);
  void clear();
  // A lesson is being made: nothing is let go until take() or clear().
  void hold() { holding_ = true; }

 private:
  void drop_front();

  MediaKind kind_;
  std::deque<link::AccessUnit> units_;
  std::uint64_t bytes_ = 0;
  bool holding_ = false;
};

}  // namespace shilu::recorder

#pragma once
// Where a unit belongs in lesson time. One timeline per track; thread-bound.
// Times of capture are CLOCK_MONOTONIC of the same machine, so sources share one axis without negotiation.

#include <cstdint>
#include <memory>

#include "capture/link/link.h"
#include "capture/recorder/fragment.h"

namespace shilu::recorder {

struct Placement {
  enum class Verdict {
    kJoined,  // follows the unit before it
    kApart,   // time is missing before it
    kDrop,    // its time is taken already
  };
  Verdict verdict = Verdict::kJoined;
  std::int64_t decode_ticks = 0;
  std::uint32_t composition_offset = 0;
  bool clock_suspect = false;  // the source's time could not be believed
};

class Timeline {
 public:
  virtual ~Timeline() = default;
  virtual Placement place(const link::AccessUnit& unit, MonotonicTime now) = 0;
  // The next unit begins a fragment: the only moment at which counted time may be moved.
  virtual void fragment_begins() {}
  // Units before the next one are left out: it lies where its own time says.
  virtual void left_out() {}
  // A new epoch whose samples usually last this long.
  virtual void set_nominal(std::uint32_t ticks) = 0;
};

}  // namespace shilu::recorder

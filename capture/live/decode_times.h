#pragma once
// Decode times for units that come in decode order with only their presentation times, as RTP gives them: the
// n-th unit is decoded when the (n - depth)-th picture is shown. Needs no declared frame rate and holds
// nothing back. What comes out: decode times strictly rising, no presentation time before its decode time.
// Thread-bound.

#include <optional>
#include <vector>

#include "firmware/base/clock.h"

namespace shilu::live {

struct UnitTimes {
  MonotonicTime decode;
  MonotonicTime presentation;
};

class DecodeTimes {
 public:
  // `depth`: of reorder_depth(); unknown begins at 0 and grows when pictures turn out to be reordered (the
  // picture that shows it is then shown late once). A promised depth is kept: a presentation time that goes
  // further back is then the clock's step, not reordering, and is moved behind the one before. `step`:
  // guessed distance of two pictures, for the first `depth` units.
  DecodeTimes(std::optional<unsigned> depth, Nanoseconds step);
  void expect(std::optional<unsigned> depth);  // new parameter sets; it never becomes less
  UnitTimes next(MonotonicTime presentation);

 private:
  std::size_t depth_;
  bool promised_;  // by the parameter sets
  Nanoseconds step_;
  std::vector<MonotonicTime> waiting_;  // presentation times that are not yet a decode time, sorted
  std::optional<MonotonicTime> last_;   // decode time
};

}  // namespace shilu::live

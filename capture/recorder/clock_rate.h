#pragma once
// How long a frame of a sound card really lasts, in ticks of the machine's clock. Devices are up to 2000 ppm
// off. Least squares over the last 30 fragments; thread-bound.

#include <cstdint>
#include <deque>

namespace shilu::recorder {

class ClockRate {
 public:
  // The `frame`-th frame was seen at `ticks` (means over one fragment, so that single late frames do not
  // count).
  void add(double frame, double ticks);
  void clear() { points_.clear(); }
  // What a frame lasts beyond `nominal`; 0 until the points cover `settle_ticks`; never past 2500 ppm either
  // way.
  double excess_per_frame(double nominal, double settle_ticks) const;

 private:
  struct Point {
    double frame = 0;
    double ticks = 0;
  };
  std::deque<Point> points_;
};

}  // namespace shilu::recorder

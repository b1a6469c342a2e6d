#include "capture/recorder/clock_rate.h"

#include <algorithm>

namespace shilu::recorder {
namespace {

constexpr std::size_t kPoints = 30;
constexpr double kWorstDevice = 2500e-6;

}  // namespace

void ClockRate::add(double frame, double ticks) {
  points_.push_back({frame, ticks});
  if (points_.size() > kPoints) points_.pop_front();
}

double ClockRate::excess_per_frame(double nominal, double settle_ticks) const {
  if (points_.size() < 3 || points_.back().ticks - points_.front().ticks < settle_ticks) return 0;
  double mean_frame = 0;
  double mean_ticks = 0;
  for (const auto& point : points_) {
    mean_frame += point.frame / static_cast<double>(points_.size());
    mean_ticks += point.ticks / static_cast<double>(points_.size());
  }
  double above = 0;
  double below = 0;
  for (const auto& point : points_) {
    const double x = point.frame - mean_frame;
    above += x * (point.ticks - mean_ticks);
    below += x * x;
  }
  if (below <= 0) return 0;
  return std::clamp(above / below - nominal, -kWorstDevice * nominal, kWorstDevice * nominal);
}

}  // namespace shilu::recorder

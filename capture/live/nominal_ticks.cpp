#include "capture/live/nominal_ticks.h"

#include <algorithm>
#include <cmath>

namespace shilu::live {
namespace {

constexpr std::size_t kEnough = 24;
constexpr double kTicksPerNs = 90'000.0 / 1e9;
constexpr double kRound = 0.007;  // how far from a round frame rate jitter takes the mean of so few steps

std::uint32_t ticks_of(double step_ns) {
  const double rate = 1e9 / step_ns;
  const double round = std::max(1.0, std::round(rate));
  const double taken = std::abs(rate / round - 1) < kRound ? 1e9 / round : step_ns;
  return static_cast<std::uint32_t>(std::lround(taken * kTicksPerNs));
}

}  // namespace

std::optional<std::uint32_t> NominalTicks::add(MonotonicTime decode_time) {
  if (told_) return std::nullopt;
  if (last_) steps_.push_back((decode_time - *last_).count());
  last_ = decode_time;
  if (steps_.size() < kEnough) return std::nullopt;
  told_ = true;
  std::sort(steps_.begin(), steps_.end());
  // The middle half: lost pictures and bursts stand at the ends.
  double sum = 0;
  for (std::size_t i = kEnough / 4; i < kEnough * 3 / 4; ++i) sum += static_cast<double>(steps_[i]);
  const double mean = sum / (kEnough / 2.0);
  if (mean <= 0) return std::nullopt;
  return ticks_of(mean);
}

void NominalTicks::restart() {
  last_.reset();
  if (!told_) steps_.clear();
}

}  // namespace shilu::live

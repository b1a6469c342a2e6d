#include "capture/recorder/usual_distance.h"

#include <algorithm>

#include "firmware/lesson/lesson_time.h"

namespace shilu::recorder {
namespace {

constexpr std::size_t kEnough = 8;
// No camera makes 500 pictures a second: what lies closer was put behind one another, because its times did
// not rise.
constexpr Nanoseconds kTooClose = std::chrono::milliseconds(2);

bool refutes(std::uint32_t seen, std::uint32_t believed) {
  return seen != 0 && (believed == 0 || seen * 10ULL > believed * 16ULL || seen * 10ULL < believed * 6ULL);
}

}  // namespace

void UsualDistance::add(MonotonicTime decode_time) {
  if (last_ && decode_time - *last_ > kTooClose)
    distances_[count_++ % distances_.size()] = (decode_time - *last_).count();
  last_ = decode_time;
}

std::uint32_t UsualDistance::ticks(std::uint32_t timescale) const {
  const auto size = std::min(count_, distances_.size());
  if (size < kEnough) return 0;
  auto sorted = distances_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(size / 2);
  std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(size));
  return static_cast<std::uint32_t>(
      ticks_from_ns(std::min<std::int64_t>(*middle, 10'000'000'000), timescale));
}

std::uint32_t UsualDistance::nominal(std::uint32_t declared, std::uint32_t current,
                                     std::uint32_t timescale) const {
  const auto seen = ticks(timescale);
  const auto believed = current != 0 ? current : declared;
  if (!refutes(seen, believed)) return believed;
  return refutes(seen, declared) ? seen : declared;
}

}  // namespace shilu::recorder

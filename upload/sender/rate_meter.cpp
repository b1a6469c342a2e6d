#include "upload/sender/rate_meter.h"

namespace shilu::sender {
namespace {
constexpr Nanoseconds kWindow = std::chrono::seconds(8);
}

void RateMeter::add(MonotonicTime at, std::uint64_t total_bytes) {
  // A total that went back is another attempt: old samples say nothing about it.
  if (!samples_.empty() && total_bytes < samples_.back().second) samples_.clear();
  samples_.emplace_back(at, total_bytes);
  while (samples_.size() > 2 && at - samples_.front().first > kWindow) samples_.pop_front();
}

double RateMeter::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& [first, first_bytes] = samples_.front();
  const auto& [last, last_bytes] = samples_.back();
  const double seconds = std::chrono::duration<double>(last - first).count();
  return seconds > 0 ? static_cast<double>(last_bytes - first_bytes) / seconds : 0;
}

}  // namespace shilu::sender

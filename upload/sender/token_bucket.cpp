#include "upload/sender/token_bucket.h"

#include <algorithm>

namespace shilu::sender {
namespace {
constexpr double kDepth_s = 0.1;
constexpr double kPacket = 1448;  // of an Ethernet frame with TCP timestamps
}  // namespace

double TokenBucket::most() const {
  return std::max(static_cast<double>(*rate_) * kDepth_s, 2 * kPacket);
}

void TokenBucket::refill(MonotonicTime now) {
  const double seconds = std::chrono::duration<double>(now - refilled_).count();
  tokens_ = std::min(tokens_ + std::max(seconds, 0.0) * static_cast<double>(*rate_), most());
  refilled_ = now;
}

void TokenBucket::set_rate(std::optional<std::uint64_t> bytes_per_s, MonotonicTime now) {
  if (bytes_per_s == rate_) return;
  if (rate_) refill(now);
  if (!rate_) tokens_ = 0;
  rate_ = bytes_per_s;
  refilled_ = now;
}

std::size_t TokenBucket::take(std::size_t wanted, MonotonicTime now) {
  if (!rate_ || wanted == 0) return wanted;
  refill(now);
  if (tokens_ < std::min(static_cast<double>(wanted), kPacket)) return 0;
  const auto granted = std::min(wanted, static_cast<std::size_t>(tokens_));
  tokens_ -= static_cast<double>(granted);
  return granted;
}

}  // namespace shilu::sender

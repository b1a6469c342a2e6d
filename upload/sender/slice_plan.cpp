#include "upload/sender/slice_plan.h"

#include <algorithm>

#include "upload/evidence/package.h"

namespace shilu::sender {
namespace {

constexpr std::uint64_t kSmallest = 256u << 10;
constexpr double kSeconds = 30;

// Down to whole blocks, if it is at least one.
std::uint64_t whole_blocks(std::uint64_t bytes) {
  return bytes < evidence::kBlockSize ? bytes : bytes - bytes % evidence::kBlockSize;
}

}  // namespace

std::uint64_t SlicePlan::next(std::uint64_t offset, std::uint64_t size) const {
  std::uint64_t end = offset + slice_;
  if (slice_ >= evidence::kBlockSize)
    end = std::max(whole_blocks(end), offset - offset % evidence::kBlockSize + evidence::kBlockSize);
  return std::min(end, size) - offset;
}

void SlicePlan::on_sent(std::uint64_t bytes, Nanoseconds took) {
  const double seconds = std::max(std::chrono::duration<double>(took).count(), 0.001);
  const double fitting = static_cast<double>(bytes) / seconds * kSeconds;
  const std::uint64_t lowest = std::min<std::uint64_t>(evidence::kBlockSize, ceiling_);
  slice_ = whole_blocks(std::clamp(static_cast<std::uint64_t>(std::min(fitting, 1e12)), lowest, ceiling_));
}

void SlicePlan::halve() {
  slice_ = std::max(kSmallest, whole_blocks(slice_ / 2));
  ceiling_ = slice_;
}

void SlicePlan::on_too_large() {
  halve();
}

void SlicePlan::on_nothing_kept() {
  halve();
}

bool SlicePlan::can_be_smaller() const {
  return slice_ > kSmallest;
}

}  // namespace shilu::sender

#include "capture/live/decode_times.h"

#include <algorithm>

#include "capture/live/reorder_depth.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kTick(11'112);  // of a 90 kHz timescale, rounded up: two times never fall on one tick
constexpr Nanoseconds kJitter =
    std::chrono::milliseconds(5);  // a smaller step back is the network's, not a B-picture

}  // namespace

DecodeTimes::DecodeTimes(std::optional<unsigned> depth, Nanoseconds step)
    : depth_(depth.value_or(0)), promised_(depth.has_value()), step_(step) {}

void DecodeTimes::expect(std::optional<unsigned> depth) {
  depth_ = std::max<std::size_t>(depth_, depth.value_or(0));
  promised_ = depth.has_value();
}

UnitTimes DecodeTimes::next(MonotonicTime presentation) {
  const bool deeper_than_promised = last_ && presentation + kJitter <= *last_;
  if (deeper_than_promised && !promised_ && depth_ < kMaxReorderDepth) ++depth_;
  waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), presentation), presentation);
  auto decode = presentation;
  if (waiting_.size() > depth_) {
    decode = waiting_.front();
    waiting_.erase(waiting_.begin());
  } else if (last_) {
    decode = std::min(*last_ + step_, waiting_.front());
  } else {
    decode = presentation + -step_ * static_cast<std::int64_t>(depth_);
  }
  if (last_) decode = std::max(decode, *last_ + kTick);
  last_ = decode;
  return {decode, std::max(presentation, decode)};
}

}  // namespace shilu::live

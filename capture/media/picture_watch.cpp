#include "capture/media/picture_watch.h"

#include <algorithm>

namespace shilu::media {
namespace {

constexpr Nanoseconds kGap = std::chrono::seconds(5);
constexpr Nanoseconds kFarthestKeys = std::chrono::seconds(20);
constexpr Nanoseconds kBlackFor = std::chrono::seconds(3);
constexpr Nanoseconds kFrozenFor = std::chrono::seconds(5);
// One picture encoded anew with another quantizer differs by this much at most; measured: 0.3 and 2 at a
// constant rate.
constexpr double kAlikeMean = 0.5;
constexpr int kAlikeLargest = 10;
constexpr std::size_t kRemembered = 10;

bool alike(const SmallPicture& left, const SmallPicture& right) {
  const auto found = difference(left, right);
  return found.mean < kAlikeMean && found.largest < kAlikeLargest;
}

}  // namespace

bool PictureWatch::is_gap(Nanoseconds step) const {
  return step > kGap && (step > kFarthestKeys || step > usual_step_ * 3 / 2);
}

void PictureWatch::add(const SmallPicture& picture, LessonTime at) {
  if (!alike_.empty()) {
    const Nanoseconds step(at - last_at_);
    if (is_gap(step)) *this = {};
    usual_step_ = step;
  }
  if (picture.mean() >= kBlackLuma) {
    black_since_.reset();
  } else if (!black_since_) {
    black_since_ = at;
  }
  if (alike_.empty() || !alike(alike_.back(), picture)) {
    alike_.clear();
    repeated_ = false;
    alike_since_ = at;
  }
  repeated_ = repeated_ || std::any_of(alike_.begin(), alike_.end(),
                                       [&](const SmallPicture& one) { return one.luma == picture.luma; });
  alike_.push_back(picture);
  if (alike_.size() > kRemembered) alike_.pop_front();
  last_at_ = at;
}

bool PictureWatch::black() const {
  return black_since_ && last_at_ - *black_since_ >= kBlackFor;
}

bool PictureWatch::frozen() const {
  return !black() && repeated_ && last_at_ - alike_since_ >= kFrozenFor;
}

}  // namespace shilu::media

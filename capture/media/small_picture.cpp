#include "capture/media/small_picture.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace shilu::media {

double SmallPicture::mean() const {
  return std::accumulate(luma.begin(), luma.end(), 0.0) / static_cast<double>(luma.size());
}

PictureDifference difference(const SmallPicture& left, const SmallPicture& right) {
  PictureDifference found;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < left.luma.size(); ++i) {
    const int distance = std::abs(left.luma[i] - right.luma[i]);
    sum += distance;
    found.largest = std::max(found.largest, distance);
  }
  found.mean = static_cast<double>(sum) / static_cast<double>(left.luma.size());
  return found;
}

}  // namespace shilu::media

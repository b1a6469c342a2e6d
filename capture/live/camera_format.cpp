#include "capture/live/camera_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "capture/live/gst_owner.h"

namespace shilu::live {
namespace {

constexpr int kUsualRate = 30;  // many cameras offer nothing else
constexpr int kBetween = 50;
constexpr int kHighestRate = 60;
constexpr int kMuchLess = 10;  // what is this much slower is taken only if all else is missing

}  // namespace

std::string camera_caps(const CameraFormat& wanted, const std::string& offered) {
  const auto known = adopt(gst_caps_from_string(offered.c_str()));
  const int rate = wanted.rate;
  const std::pair<int, int> ranges[] = {{std::max(1, rate - kMuchLess), rate},
                                        {rate, std::max(rate, kUsualRate)},
                                        {rate, std::max(rate, kBetween)},
                                        {rate, std::max(rate, kHighestRate)},
                                        {1, rate}};
  std::string first;
  for (const auto& [least, most] : ranges) {
    const auto size =
        fmt::format("width={},height={},framerate=[{}/1,{}/1]", wanted.width, wanted.height, least, most);
    const auto text = fmt::format("video/x-h264,{0};image/jpeg,{0};video/x-raw,{0}", size);
    const auto caps = adopt(gst_caps_from_string(text.c_str()));
    if (known && gst_caps_can_intersect(caps.get(), known.get()) != FALSE) return text;
    if (first.empty()) first = text;
  }
  return first;
}

}  // namespace shilu::live

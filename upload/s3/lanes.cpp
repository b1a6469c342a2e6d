#include "upload/s3/lanes.h"

#include <algorithm>

namespace shilu::s3 {
namespace {

constexpr double kFast = 2.0 * (1u << 20);  // bytes per second
constexpr double kWorthIt = 1.1;
constexpr int kPartsPerLane = 2;  // are looked at before the number changes

}  // namespace

void Lanes::on_begin(Time now) {
  look_anew(now);
}

void Lanes::on_part(Time now, std::uint64_t bytes) {
  bytes_ += bytes;
  if (++parts_ < kPartsPerLane * at_once_) return;
  const double seconds = std::chrono::duration<double>(now - since_).count();
  judge(static_cast<double>(bytes_) / std::max(seconds, 1e-6));
  look_anew(now);
}

void Lanes::on_failure(Time now) {
  back_to_one();
  look_anew(now);
}

void Lanes::judge(double bytes_per_s) {
  if (bytes_per_s < kFast) return back_to_one();
  if (settled_) return;
  const bool helped = at_once_ == 1 || bytes_per_s >= kWorthIt * rate_before_;
  settled_ = !helped || at_once_ >= most_;
  rate_before_ = bytes_per_s;
  if (!helped) --at_once_;
  if (helped && at_once_ < most_) ++at_once_;
}

void Lanes::look_anew(Time now) {
  since_ = now;
  parts_ = 0;
  bytes_ = 0;
}

void Lanes::back_to_one() {
  at_once_ = 1;
  settled_ = false;
}

}  // namespace shilu::s3

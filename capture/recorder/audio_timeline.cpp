#include "capture/recorder/audio_timeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace shilu::recorder {
namespace {

constexpr std::int64_t kGapMs = 60;
constexpr std::int64_t kSettleSeconds = 5;  // before that, jitter would pass for a rate

std::int64_t median_of(std::vector<std::int64_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

AudioTimeline::AudioTimeline(MonotonicTime lesson_start, std::uint32_t sample_rate, std::uint32_t frame_ticks,
                             std::optional<std::int64_t> continue_at)
    : lesson_start_(lesson_start),
      sample_rate_(sample_rate),
      frame_ticks_(frame_ticks),
      position_(continue_at) {}

std::int64_t AudioTimeline::measure(const link::AccessUnit& unit) const {
  return ticks_from_ns((unit.decode_time - lesson_start_).count(), sample_rate_);
}

void AudioTimeline::begin_at(std::int64_t ticks) {
  position_ = ticks;
  dropping_ = false;
  frames_ = 0;
  errors_.clear();
  measured_sum_ = 0;
  step_rest_ = 0;
  rate_.clear();
}

Placement AudioTimeline::place(const link::AccessUnit& unit, MonotonicTime) {
  const auto measured = measure(unit);
  Placement placement;
  if (!position_) begin_at(measured);
  const std::int64_t half_frame = frame_ticks_ / 2;
  const bool anew = std::exchange(left_out_, false) || unit.discontinuity;
  const auto limit = anew ? half_frame : kGapMs * static_cast<std::int64_t>(sample_rate_) / 1000;
  auto error = measured - *position_;
  if (error > limit) {
    begin_at(measured);
    placement.verdict = Placement::Verdict::kApart;
    error = 0;
  }
  if (error < -limit) dropping_ = true;
  if (dropping_ && error < -half_frame) {
    placement.verdict = Placement::Verdict::kDrop;
    return placement;
  }
  placement.clock_suspect = dropping_;
  dropping_ = false;
  placement.decode_ticks = *position_;
  *position_ += frame_ticks_;
  ++frames_;
  errors_.push_back(error);
  measured_sum_ += static_cast<double>(measured);
  return placement;
}

// What the position moves by at a border: the drift that the rate says this fragment gathered, and a bounded
// part of what is still wrong.
std::int64_t AudioTimeline::next_step(double median_error) {
  const auto count = static_cast<double>(errors_.size());
  rate_.add(static_cast<double>(frames_) - count / 2, measured_sum_ / count);
  const double settle = static_cast<double>(kSettleSeconds) * sample_rate_;
  const double drift = rate_.excess_per_frame(frame_ticks_, settle) * count + step_rest_;
  const double whole = std::round(drift);
  step_rest_ = drift - whole;
  const double bound = sample_rate_ / 2000.0;  // 0.5 ms
  return static_cast<std::int64_t>(whole + std::round(std::clamp(median_error, -bound, bound)));
}

void AudioTimeline::fragment_begins() {
  if (errors_.empty() || !position_) return;
  *position_ += next_step(static_cast<double>(median_of(errors_)));
  errors_.clear();
  measured_sum_ = 0;
}

}  // namespace shilu::recorder

#include "capture/recorder/fragment_assembler.h"

#include <utility>

namespace shilu::recorder {
namespace {

constexpr std::int64_t kLimitSeconds = 2;
constexpr std::uint64_t kLimitBytes = 32u << 20;

}  // namespace

bool FragmentAssembler::full(const TrackFormat& format) const {
  return kind_ == MediaKind::kAudio &&
         samples_.size() * std::uint64_t{format.nominal_ticks} >= format.parameters.timescale;
}

FragmentAssembler::Border FragmentAssembler::border_before(bool sync, std::int64_t decode_ticks,
                                                           std::size_t size,
                                                           const TrackFormat& format) const {
  if (samples_.empty()) return Border::kNone;
  if (kind_ == MediaKind::kAudio) return full(format) ? Border::kComplete : Border::kNone;
  if (sync) return Border::kComplete;
  const auto span = decode_ticks - samples_.front().decode_ticks;
  const bool too_long = span > kLimitSeconds * static_cast<std::int64_t>(format.parameters.timescale);
  return too_long || bytes_ + size > kLimitBytes ? Border::kAtLimit : Border::kNone;
}

void FragmentAssembler::add(CodedSample sample, UnitName unit, bool clock_suspect) {
  bytes_ += sample.data.size();
  samples_.push_back(std::move(sample));
  last_unit_ = unit;
  clock_suspect_ = clock_suspect_ || clock_suspect;
}

void FragmentAssembler::drop_from(std::int64_t ticks) {
  while (!samples_.empty() && samples_.back().decode_ticks >= ticks) {
    bytes_ -= samples_.back().data.size();
    samples_.pop_back();
  }
}

Fragment FragmentAssembler::close(std::shared_ptr<const TrackFormat> format, std::int64_t end_ticks,
                                  Border border) {
  Fragment fragment;
  fragment.format = std::move(format);
  fragment.samples = std::exchange(samples_, {});
  for (std::size_t i = 0; i < fragment.samples.size(); ++i) {
    const bool last = i + 1 == fragment.samples.size();
    const auto next = last ? end_ticks : fragment.samples[i + 1].decode_ticks;
    fragment.samples[i].duration = static_cast<std::uint32_t>(next - fragment.samples[i].decode_ticks);
  }
  fragment.closed_at_limit = border == Border::kAtLimit;
  fragment.clock_suspect = std::exchange(clock_suspect_, false);
  fragment.last_unit = last_unit_;
  bytes_ = 0;
  return fragment;
}

}  // namespace shilu::recorder

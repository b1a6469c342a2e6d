#include "capture/media/sound_meter.h"

#include <algorithm>
#include <cmath>

#include "firmware/lesson/lesson_time.h"

namespace shilu::media {
namespace {

constexpr std::size_t kBlocksPerSecond = 10;
constexpr float kFullScale = 0.9999F;  // 16 bits: 32764 of 32767
constexpr unsigned kClippedRun = 3;

}  // namespace

void SoundMeter::Destroy::operator()(ebur128_state* state) const {
  ebur128_destroy(&state);
}

Result<SoundMeter> SoundMeter::open(int sample_rate, int channels) {
  auto* state = ebur128_init(static_cast<unsigned>(channels), static_cast<unsigned long>(sample_rate),
                             EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_HISTOGRAM);
  if (state == nullptr) return fail(ErrorKind::kCorrupted, "the sound's format cannot be measured");
  return SoundMeter(state, sample_rate, channels);
}

SoundMeter::SoundMeter(ebur128_state* state, int sample_rate, int channels)
    : state_(state),
      rate_(static_cast<std::size_t>(sample_rate)),
      channels_(static_cast<std::size_t>(channels)),
      energy_(channels_),
      full_scale_run_(channels_) {}

void SoundMeter::add(std::span<const float> interleaved) {
  const auto frames = interleaved.size() / channels_;
  ebur128_add_frames_float(state_.get(), interleaved.data(), frames);
  count_clipping(interleaved);
  for (std::size_t i = 0; i < frames; ++i) {
    for (std::size_t channel = 0; channel < channels_; ++channel) {
      const double value = interleaved[i * channels_ + channel];
      energy_[channel] += value * value;
    }
    ++frames_;
    if (++block_filled_ >= rate_ / kBlocksPerSecond) add_block();
  }
}

void SoundMeter::count_clipping(std::span<const float> interleaved) {
  for (std::size_t i = 0; i < interleaved.size(); ++i) {
    auto& run = full_scale_run_[i % channels_];
    run = std::abs(interleaved[i]) >= kFullScale ? run + 1 : 0;
    if (run == kClippedRun) ++summary_.clipped_runs;
  }
}

// A block is silent when its loudest channel is.
void SoundMeter::add_block() {
  const auto loudest = *std::max_element(energy_.begin(), energy_.end());
  const auto level = 10 * std::log10(loudest / static_cast<double>(block_filled_) + 1e-12);
  const auto begun = frames_ - block_filled_;
  if (level >= kSilenceDbfs) {
    silent_ = false;
  } else {
    if (!silent_) silence_begun_ = begun;
    silent_ = true;
    summary_.silence += time_of(block_filled_);
    const auto length = time_of(frames_ - silence_begun_);
    if (length > summary_.longest_silence) {
      summary_.longest_silence = length;
      summary_.longest_silence_at = time_of(silence_begun_);
    }
  }
  std::fill(energy_.begin(), energy_.end(), 0.0);
  block_filled_ = 0;
}

Nanoseconds SoundMeter::time_of(std::uint64_t frames) const {
  return Nanoseconds(ns_from_ticks(static_cast<std::int64_t>(frames), static_cast<std::uint32_t>(rate_)));
}

SoundSummary SoundMeter::finish() {
  if (block_filled_ > 0) add_block();
  summary_.duration = time_of(frames_);
  double loudness = 0;
  if (ebur128_loudness_global(state_.get(), &loudness) == EBUR128_SUCCESS && std::isfinite(loudness)) {
    summary_.loudness_lufs = loudness;
  }
  double highest = 0;
  for (unsigned channel = 0; channel < channels_; ++channel) {
    double peak = 0;
    if (ebur128_true_peak(state_.get(), channel, &peak) == EBUR128_SUCCESS) highest = std::max(highest, peak);
  }
  if (highest > 0) summary_.true_peak_dbtp = 20 * std::log10(highest);
  return summary_;
}

}  // namespace shilu::media

#include "capture/media/sound_watch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace shilu::media {
namespace {

constexpr std::size_t kBlocksPerSecond = 10;
constexpr Nanoseconds kBlock = std::chrono::milliseconds(100);
constexpr double kSilence_dbfs = -65;  // the noise of a quiet room through a live microphone lies above it
// AAC bends the flat tops of what was clipped before it: what stays this close to full scale was.
constexpr float kFullScale = 0.95F;
constexpr unsigned kFlatRun = 3;
constexpr std::size_t kRememberedBlocks = 50;
constexpr int kClippedBlocks = 5;
constexpr std::array<double, 2> kMains_hz{50, 60};
constexpr int kHarmonics = 4;      // 50 to 200 Hz
constexpr double kRepeats = 0.9;   // anything else is 10 dB below the hum
constexpr double kMostOfIt = 0.4;  // a buzzing dimmer has much in higher harmonics

double decibels(double square) {
  return std::max(10 * std::log10(square + 1e-12), -120.0);
}

// The share of the samples' energy at one frequency (Goertzel). `energy`: their sum of squares.
double share_at(std::span<const float> samples, double frequency, double rate, double energy) {
  const double step = 2 * std::numbers::pi * frequency / rate;
  const double factor = 2 * std::cos(step);
  double last = 0;
  double before = 0;
  for (const double sample : samples) {
    const double now = sample + factor * last - before;
    before = last;
    last = now;
  }
  const double power = last * last + before * before - factor * last * before;
  return 2 * power / (energy * static_cast<double>(samples.size()));
}

// Correlation of the samples with themselves one period later.
double repetition(std::span<const float> samples, std::size_t period) {
  double together = 0;
  double first = 0;
  double second = 0;
  for (std::size_t i = period; i < samples.size(); ++i) {
    const double now = samples[i];
    const double then = samples[i - period];
    together += now * then;
    first += now * now;
    second += then * then;
  }
  return together / std::sqrt(first * second + 1e-20);
}

}  // namespace

bool is_hum(std::span<const float> samples, int sample_rate) {
  double energy = 0;
  for (const double sample : samples) energy += sample * sample;
  if (energy <= 0) return false;
  return std::any_of(kMains_hz.begin(), kMains_hz.end(), [&](double mains) {
    const auto period = static_cast<std::size_t>(std::lround(sample_rate / mains));
    if (period < 2 || samples.size() < 4 * period || repetition(samples, period) < kRepeats) return false;
    double share = 0;
    for (int harmonic = 1; harmonic <= kHarmonics; ++harmonic)
      share += share_at(samples, harmonic * mains, sample_rate, energy);
    return share >= kMostOfIt;
  });
}

SoundWatch::SoundWatch(int sample_rate, int channels)
    : rate_(static_cast<std::size_t>(std::max(sample_rate, 1))),
      channels_(static_cast<std::size_t>(std::max(channels, 1))),
      silent_(std::chrono::seconds(5), std::chrono::milliseconds(300)),
      hum_(std::chrono::seconds(4), std::chrono::seconds(2)) {
  window_.reserve(rate_);
}

void SoundWatch::add(std::span<const float> interleaved) {
  const auto width = channels_.size();
  for (std::size_t i = 0; i + width <= interleaved.size(); i += width) {
    float mean = 0;
    for (std::size_t c = 0; c < width; ++c) {
      const float sample = interleaved[i + c];
      auto& channel = channels_[c];
      const float size = std::abs(sample);
      channel.flat_run = size >= kFullScale ? channel.flat_run + 1 : 0;
      block_clipped_ = block_clipped_ || channel.flat_run >= kFlatRun;
      channel.sum += sample;
      channel.squares += static_cast<double>(sample) * sample;
      channel.peak = std::max(channel.peak, size);
      mean += sample / static_cast<float>(width);
    }
    window_.push_back(mean);
    if (++in_block_ >= rate_ / kBlocksPerSecond) end_block();
    if (window_.size() >= rate_) end_window();
  }
}

void SoundWatch::end_block() {
  const auto count = static_cast<double>(in_block_);
  double loudest = 0;
  float peak = 0;
  for (auto& channel : channels_) {
    const double mean = channel.sum / count;
    loudest = std::max(loudest, channel.squares / count - mean * mean);
    peak = std::max(peak, channel.peak);
    channel = {};
  }
  level_ = {decibels(loudest), decibels(static_cast<double>(peak) * peak)};
  silent_.add(level_.rms_dbfs < kSilence_dbfs, kBlock);
  clipped_blocks_.push_back(std::exchange(block_clipped_, false));
  if (clipped_blocks_.size() > kRememberedBlocks) clipped_blocks_.pop_front();
  clipping_ = clipping_ ? clipped_blocks() > 0 : clipped_blocks() >= kClippedBlocks;
  in_block_ = 0;
}

int SoundWatch::clipped_blocks() const {
  return static_cast<int>(std::count(clipped_blocks_.begin(), clipped_blocks_.end(), true));
}

void SoundWatch::end_window() {
  float mean = 0;
  for (const float sample : window_) mean += sample;
  mean /= static_cast<float>(window_.size());
  double energy = 0;
  for (float& sample : window_) {
    sample -= mean;
    energy += static_cast<double>(sample) * sample;
  }
  const bool audible = decibels(energy / static_cast<double>(window_.size())) >= kSilence_dbfs;
  hum_.add(audible && is_hum(window_, static_cast<int>(rate_)), std::chrono::seconds(1));
  window_.clear();
}

void SoundWatch::restart() {
  *this = SoundWatch(static_cast<int>(rate_), static_cast<int>(channels_.size()));
}

}  // namespace shilu::media

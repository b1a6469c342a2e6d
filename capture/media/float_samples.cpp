#include "capture/media/float_samples.h"

#include <algorithm>

#include "capture/media/media_limits.h"

namespace shilu::media {

Result<FloatSamples> FloatSamples::open(const AVFrame& frame) {
  if (frame.sample_rate < 1 || frame.sample_rate > kMaxSampleRate || frame.ch_layout.nb_channels < 1 ||
      frame.ch_layout.nb_channels > kMaxChannels) {
    return fail(ErrorKind::kCorrupted, "the sound claims an impossible format");
  }
  SwrContext* raw = nullptr;
  auto* layout = const_cast<AVChannelLayout*>(&frame.ch_layout);  // libav only reads it
  swr_alloc_set_opts2(&raw, layout, AV_SAMPLE_FMT_FLT, frame.sample_rate, layout,
                      static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  AvResampler resampler(raw);
  if (!resampler || swr_init(resampler.get()) < 0) {
    return fail(ErrorKind::kCorrupted, "the sound's format cannot be converted");
  }
  return FloatSamples(std::move(resampler), frame);
}

FloatSamples::FloatSamples(AvResampler resampler, const AVFrame& frame)
    : resampler_(std::move(resampler)),
      rate_(frame.sample_rate),
      channels_(frame.ch_layout.nb_channels),
      format_(frame.format) {}

bool FloatSamples::fits(const AVFrame& frame) const {
  return frame.sample_rate == rate_ && frame.ch_layout.nb_channels == channels_ && frame.format == format_;
}

std::span<const float> FloatSamples::convert(const AVFrame& frame) {
  const auto channels = static_cast<std::size_t>(channels_);
  samples_.resize(static_cast<std::size_t>(frame.nb_samples) * channels);
  auto* out = reinterpret_cast<std::uint8_t*>(samples_.data());
  const int got = swr_convert(resampler_.get(), &out, frame.nb_samples,
                              const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
  return std::span(samples_).first(static_cast<std::size_t>(std::max(got, 0)) * channels);
}

}  // namespace shilu::media

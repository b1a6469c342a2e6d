#include "capture/media/sound_check.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"
#include "capture/media/sound_meter.h"

namespace shilu::media {
namespace {

// One format for the meter, whatever the decoder gives; fixed by the first frame.
class FloatSamples {
 public:
  static Result<FloatSamples> open(AVFrame& frame) {
    SwrContext* raw = nullptr;
    auto* layout = &frame.ch_layout;
    swr_alloc_set_opts2(&raw, layout, AV_SAMPLE_FMT_FLT, frame.sample_rate, layout,
                        static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
    AvResampler resampler(raw);
    if (!resampler || swr_init(resampler.get()) < 0) {
      return fail(ErrorKind::kCorrupted, "the sound's format cannot be converted");
    }
    return FloatSamples(std::move(resampler), frame);
  }

  bool fits(const AVFrame& frame) const {
    return frame.sample_rate == rate_ && frame.ch_layout.nb_channels == channels_ && frame.format == format_;
  }

  std::span<const float> convert(const AVFrame& frame) {
    samples_.resize(static_cast<std::size_t>(frame.nb_samples) * static_cast<std::size_t>(channels_));
    auto* out = reinterpret_cast<std::uint8_t*>(samples_.data());
    const int got = swr_convert(resampler_.get(), &out, frame.nb_samples,
                                const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
    return std::span(samples_).first(static_cast<std::size_t>(std::max(got, 0)) *
                                     static_cast<std::size_t>(channels_));
  }

 private:
  FloatSamples(AvResampler resampler, const AVFrame& frame)
      : resampler_(std::move(resampler)),
        rate_(frame.sample_rate),
        channels_(frame.ch_layout.nb_channels),
        format_(frame.format) {}
  AvResampler resampler_;
  int rate_;
  int channels_;
  int format_;
  std::vector<float> samples_;
};

class Summary {
 public:
  Status take(AVFrame& frame) {
    if (frame.sample_rate > kMaxSampleRate || frame.ch_layout.nb_channels > kMaxChannels) {
      return fail(ErrorKind::kCorrupted, "the sound claims an impossible format");
    }
    if (!samples_) {
      SHILU_TRY(samples_, FloatSamples::open(frame));
      SHILU_TRY(meter_, SoundMeter::open(frame.sample_rate, frame.ch_layout.nb_channels));
    }
    if (samples_->fits(frame)) meter_->add(samples_->convert(frame));
    return {};
  }
  SoundSummary finish() { return meter_ ? meter_->finish() : SoundSummary{}; }

 private:
  std::optional<FloatSamples> samples_;
  std::optional<SoundMeter> meter_;
};

}  // namespace

Result<SoundSummary> summarise_sound(const std::filesystem::path& file, const MediaLimits& limits) {
  SHILU_TRY(const auto input, FileInput::open(file, limits));
  const int index = input->best_stream(MediaKind::kAudio);
  if (index < 0) return fail(ErrorKind::kNotFound, "the file has no sound");
  SHILU_TRY(auto decoder, Decoder::open(input->stream(index), DecodeMode::kLenient));
  Summary summary;
  const auto on_frame = [&](AVFrame& frame) { return summary.take(frame); };
  const AvPacket packet(av_packet_alloc());
  for (;;) {
    SHILU_TRY(const bool more, input->read(*packet));
    if (!more) break;
    if (packet->stream_index != index) continue;
    static_cast<void>(decoder.decode(packet.get(), on_frame));  // decode_all() tells what is damaged
  }
  static_cast<void>(decoder.decode(nullptr, on_frame));
  return summary.finish();
}

}  // namespace shilu::media

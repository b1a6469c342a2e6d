#include "capture/media/sound_check.h"

#include <optional>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"
#include "capture/media/float_samples.h"
#include "capture/media/sound_meter.h"

namespace shilu::media {
namespace {

class Summary {
 public:
  Status take(AVFrame& frame) {
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

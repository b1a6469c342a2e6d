#include "capture/media/unit_decoder.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "capture/media/decoder.h"
#include "capture/media/float_samples.h"
#include "capture/media/media_limits.h"
#include "capture/media/memory_input.h"
#include "capture/media/scale.h"

namespace shilu::media {
namespace {

struct FreeParameters {
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
};
using AvParameters = std::unique_ptr<AVCodecParameters, FreeParameters>;

AVCodecID codec_id(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return AV_CODEC_ID_H264;
    case Codec::kH265:
      return AV_CODEC_ID_HEVC;
    case Codec::kAac:
      return AV_CODEC_ID_AAC;
  }
  return AV_CODEC_ID_NONE;
}

AvParameters av_parameters(const CodecParameters& from) {
  AvParameters to(avcodec_parameters_alloc());
  const bool sound = from.codec == Codec::kAac;
  to->codec_type = sound ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO;
  to->codec_id = codec_id(from.codec);
  to->width = from.width;
  to->height = from.height;
  to->sample_rate = static_cast<int>(from.sample_rate);
  if (sound) av_channel_layout_default(&to->ch_layout, from.channels);
  to->extradata =
      static_cast<std::uint8_t*>(av_mallocz(from.configuration.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  to->extradata_size = static_cast<int>(from.configuration.size());
  std::memcpy(to->extradata, from.configuration.data(), from.configuration.size());
  return to;
}

Result<Decoder> open_decoder(const CodecParameters& parameters, MediaKind kind, DecodeMode mode) {
  silence_libav();
  const bool sound = parameters.codec == Codec::kAac;
  if (sound != (kind == MediaKind::kAudio)) {
    return fail(ErrorKind::kCorrupted, "the track's parameters are of another kind");
  }
  const auto time_base = AVRational{1, static_cast<int>(std::max(parameters.timescale, 1u))};
  return Decoder::open(*av_parameters(parameters), time_base, mode);
}

// The unit with the padding that libav reads beyond its end.
void fill(AVPacket& packet, ByteView unit) {
  av_packet_unref(&packet);
  if (unit.empty() || unit.size() > kMaxUnit || av_new_packet(&packet, static_cast<int>(unit.size())) < 0)
    return;
  std::memcpy(packet.data, unit.data(), unit.size());
  packet.flags = AV_PKT_FLAG_KEY;
}

}  // namespace

struct KeyPictures::Impl {
  Decoder decoder;
  AvPacket packet{av_packet_alloc()};

  // The one picture of the unit; the decoder knows nothing before and nothing after it.
  Status decode(ByteView unit, const std::function<Status(AVFrame&)>& on_picture) {
    bool came = false;
    const auto once = [&](AVFrame& frame) {
      came = true;
      return on_picture(frame);
    };
    fill(*packet, unit);
    if (packet->size == 0) return fail(ErrorKind::kCorrupted, "the picture has an impossible size");
    auto decoded = decoder.decode(packet.get(), once);
    if (decoded && !came) decoded = decoder.decode(nullptr, once);
    decoder.forget();
    if (!decoded || came) return decoded;
    return fail(ErrorKind::kCorrupted, "the picture cannot be decoded by itself");
  }
};

KeyPictures::KeyPictures(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyPictures::~KeyPictures() = default;
KeyPictures::KeyPictures(KeyPictures&&) noexcept = default;
KeyPictures& KeyPictures::operator=(KeyPictures&&) noexcept = default;

Result<KeyPictures> KeyPictures::open(const CodecParameters& parameters) {
  SHILU_TRY(auto decoder, open_decoder(parameters, MediaKind::kVideo, DecodeMode::kKeyPicturesOnly));
  return KeyPictures(std::make_unique<Impl>(Impl{std::move(decoder)}));
}

Result<SmallPicture> KeyPictures::small(ByteView unit) {
  SmallPicture picture;
  SHILU_CHECK(impl_->decode(unit, [&](AVFrame& frame) -> Status {
    SHILU_TRY(picture, small_of(frame));
    return {};
  }));
  return picture;
}

Result<Bytes> KeyPictures::jpeg(ByteView unit, int width) {
  Bytes bytes;
  SHILU_CHECK(impl_->decode(unit, [&](AVFrame& frame) -> Status {
    SHILU_TRY(bytes, jpeg_of(frame, width));
    return {};
  }));
  return bytes;
}

struct SoundUnits::Impl {
  Decoder decoder;
  AvPacket packet{av_packet_alloc()};
  std::optional<FloatSamples> floats{};
  std::vector<float> out{};
};

SoundUnits::SoundUnits(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundUnits::~SoundUnits() = default;
SoundUnits::SoundUnits(SoundUnits&&) noexcept = default;
SoundUnits& SoundUnits::operator=(SoundUnits&&) noexcept = default;

Result<SoundUnits> SoundUnits::open(const CodecParameters& parameters) {
  SHILU_TRY(auto decoder, open_decoder(parameters, MediaKind::kAudio, DecodeMode::kLenient));
  return SoundUnits(std::make_unique<Impl>(Impl{std::move(decoder)}));
}

std::span<const float> SoundUnits::samples(ByteView unit) {
  auto& [decoder, packet, floats, out] = *impl_;
  out.clear();
  fill(*packet, unit);
  if (packet->size == 0) return out;
  const auto on_frame = [&](AVFrame& frame) -> Status {
    if (!floats || !floats->fits(frame)) {
      SHILU_TRY(floats, FloatSamples::open(frame));
    }
    const auto samples = floats->convert(frame);
    out.insert(out.end(), samples.begin(), samples.end());
    return {};
  };
  static_cast<void>(decoder.decode(packet.get(), on_frame));  // what is damaged is passed over
  return out;
}

int SoundUnits::sample_rate() const {
  return impl_->floats ? impl_->floats->rate() : 0;
}
int SoundUnits::channels() const {
  return impl_->floats ? impl_->floats->channels() : 0;
}

}  // namespace shilu::media

#include "capture/media/decoder.h"

#include <fmt/format.h>

#include "capture/media/media_limits.h"
#include "capture/media/memory_input.h"

namespace shilu::media {
namespace {

bool is_damaged(const AVFrame& frame) {
  return (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
}

Status check_parameters(const AVCodecParameters& parameters) {
  const bool large = std::int64_t{parameters.width} * parameters.height > kMaxPixels;
  const bool loud =
      parameters.sample_rate > kMaxSampleRate || parameters.ch_layout.nb_channels > kMaxChannels;
  if (!large && !loud) return {};
  return fail(ErrorKind::kCorrupted, "the stream claims an impossible format");
}

}  // namespace

Result<Decoder> Decoder::open(const AVStream& stream, DecodeMode mode) {
  return open(*stream.codecpar, stream.time_base, mode);
}

Result<Decoder> Decoder::open(const AVCodecParameters& parameters, AVRational time_base, DecodeMode mode) {
  SHILU_CHECK(check_parameters(parameters));
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) return fail(ErrorKind::kCorrupted, "there is no decoder for this stream");
  AvCodec context(avcodec_alloc_context3(codec));
  context->thread_count = 1;
  context->max_pixels = kMaxPixels;
  context->pkt_timebase = time_base;
  if (mode == DecodeMode::kStrict) context->err_recognition = AV_EF_CRCCHECK | AV_EF_BUFFER | AV_EF_EXPLODE;
  if (mode == DecodeMode::kKeyPicturesOnly) context->skip_frame = AVDISCARD_NONKEY;
  if (avcodec_parameters_to_context(context.get(), &parameters) < 0 ||
      avcodec_open2(context.get(), codec, nullptr) < 0) {
    return fail(ErrorKind::kCorrupted, "the decoder refuses this stream's parameters");
  }
  return Decoder(std::move(context));
}

Status Decoder::decode(const AVPacket* packet, const std::function<Status(AVFrame&)>& on_frame) {
  const int sent = avcodec_send_packet(codec_.get(), packet);
  if (sent < 0 && sent != AVERROR_EOF) return fail(ErrorKind::kCorrupted, av_sentence(sent));
  for (;;) {
    const int got = avcodec_receive_frame(codec_.get(), frame_.get());
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
    if (got < 0) return fail(ErrorKind::kCorrupted, av_sentence(got));
    const bool strict = (codec_->err_recognition & AV_EF_EXPLODE) != 0;
    const bool damaged = strict && is_damaged(*frame_);
    auto taken = damaged ? Status(fail(ErrorKind::kCorrupted, "a part of it is missing")) : on_frame(*frame_);
    av_frame_unref(frame_.get());
    if (!taken) return taken;
  }
}

}  // namespace shilu::media

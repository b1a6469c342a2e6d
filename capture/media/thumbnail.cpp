#include "capture/media/thumbnail.h"

#include <algorithm>

#include "capture/media/memory_input.h"

namespace shilu::media {
namespace {

constexpr int kMaxSide = 16'384;  // pictures larger than this are a lie
constexpr int kQuality = 5;       // libav's scale: 2 best, 31 worst

Result<AvCodec> open_decoder(const AVStream& stream) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr) return fail(ErrorKind::kCorrupted, "there is no decoder for this picture");
  AvCodec decoder(avcodec_alloc_context3(codec));
  decoder->thread_count = 1;
  if (avcodec_parameters_to_context(decoder.get(), stream.codecpar) < 0 ||
      avcodec_open2(decoder.get(), codec, nullptr) < 0) {
    return fail(ErrorKind::kCorrupted, "the decoder refuses this picture's parameters");
  }
  return decoder;
}

// The first picture that comes out; at the end of the fragment the decoder is drained.
Result<AvFrame> first_picture(AVFormatContext& input, int stream, AVCodecContext& decoder) {
  const AvPacket packet(av_packet_alloc());
  AvFrame frame(av_frame_alloc());
  while (true) {
    const int read = av_read_frame(&input, packet.get());
    if (read >= 0 && packet->stream_index != stream) {
      av_packet_unref(packet.get());
      continue;
    }
    const int sent = avcodec_send_packet(&decoder, read >= 0 ? packet.get() : nullptr);
    av_packet_unref(packet.get());
    if (sent < 0 && sent != AVERROR(EAGAIN))
      return fail(ErrorKind::kCorrupted, "the picture cannot be decoded: " + av_sentence(sent));
    if (avcodec_receive_frame(&decoder, frame.get()) >= 0) return frame;
    if (read < 0) return fail(ErrorKind::kCorrupted, "the fragment holds no picture");
  }
}

Result<AvFrame> scale(const AVFrame& picture, int width) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxSide || picture.height > kMaxSide) {
    return fail(ErrorKind::kCorrupted, "the picture has an impossible size");
  }
  const int height = std::max(2, picture.height * width / picture.width / 2 * 2);
  const AvScaler scaler(sws_getContext(picture.width, picture.height,
                                       static_cast<AVPixelFormat>(picture.format), width, height,
                                       AV_PIX_FMT_YUVJ420P, SWS_AREA, nullptr, nullptr, nullptr));
  if (!scaler) return fail(ErrorKind::kInternal, "the picture's format cannot be scaled");
  AvFrame small(av_frame_alloc());
  small->format = AV_PIX_FMT_YUVJ420P;
  small->width = width;
  small->height = height;
  if (av_frame_get_buffer(small.get(), 0) < 0) return fail(ErrorKind::kInternal, "no memory for a thumbnail");
  sws_scale(scaler.get(), picture.data, picture.linesize, 0, picture.height, small->data, small->linesize);
  return small;
}

Result<Bytes> encode_jpeg(AVFrame& picture) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  AvCodec encoder(avcodec_alloc_context3(codec));
  encoder->width = picture.width;
  encoder->height = picture.height;
  encoder->pix_fmt = AV_PIX_FMT_YUVJ420P;
  encoder->time_base = {1, 25};
  encoder->flags |= AV_CODEC_FLAG_QSCALE;
  encoder->global_quality = kQuality * FF_QP2LAMBDA;
  picture.quality = encoder->global_quality;
  picture.pts = 0;
  const AvPacket packet(av_packet_alloc());
  if (avcodec_open2(encoder.get(), codec, nullptr) < 0 || avcodec_send_frame(encoder.get(), &picture) < 0 ||
      avcodec_receive_packet(encoder.get(), packet.get()) < 0) {
    return fail(ErrorKind::kInternal, "the thumbnail cannot be encoded");
  }
  return Bytes(packet->data, packet->data + packet->size);
}

}  // namespace

Result<Bytes> thumbnail(ByteView movie, int width) {
  if (width < 16 || width > kMaxThumbnailWidth)
    return fail(ErrorKind::kInvalidArgument, "a thumbnail is 16 to 1920 pixels wide");
  SHILU_TRY(const auto input, MemoryInput::open(movie));
  const int stream = av_find_best_stream(input->context(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (stream < 0) return fail(ErrorKind::kCorrupted, "there is no picture in this track");
  SHILU_TRY(const AvCodec decoder, open_decoder(*input->context()->streams[stream]));
  SHILU_TRY(const AvFrame picture, first_picture(*input->context(), stream, *decoder));
  SHILU_TRY(const AvFrame small, scale(*picture, width / 2 * 2));
  return encode_jpeg(*small);
}

}  // namespace shilu::media

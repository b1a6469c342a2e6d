#include "capture/media/scale.h"

#include <algorithm>

namespace shilu::media {
namespace {

constexpr int kMaxSide = 16'384;  // pictures larger than this are a lie
constexpr int kMaxThumbnailHeight = 4'096;
constexpr int kQuality = 5;  // libav's scale: 2 best, 31 worst

Status check_size(const AVFrame& picture) {
  if (picture.width > 0 && picture.height > 0 && picture.width <= kMaxSide && picture.height <= kMaxSide)
    return {};
  return fail(ErrorKind::kCorrupted, "the picture has an impossible size");
}

Result<AvFrame> scale(const AVFrame& picture, int width) {
  SHILU_CHECK(check_size(picture));
  const int height = std::clamp(picture.height * width / picture.width / 2 * 2, 2, kMaxThumbnailHeight);
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

Result<SmallPicture> small_of(const AVFrame& picture) {
  SHILU_CHECK(check_size(picture));
  constexpr int kWidth = SmallPicture::kWidth;
  const AvScaler scaler(
      sws_getContext(picture.width, picture.height, static_cast<AVPixelFormat>(picture.format), kWidth,
                     SmallPicture::kHeight, AV_PIX_FMT_GRAY8, SWS_AREA, nullptr, nullptr, nullptr));
  if (!scaler) return fail(ErrorKind::kInternal, "the picture's format cannot be scaled");
  SmallPicture small;
  std::array<std::uint8_t*, 4> planes{small.luma.data()};
  const std::array<int, 4> strides{kWidth};
  sws_scale(scaler.get(), picture.data, picture.linesize, 0, picture.height, planes.data(), strides.data());
  return small;
}

Result<Bytes> jpeg_of(const AVFrame& picture, int width) {
  SHILU_TRY(const AvFrame small, scale(picture, width / 2 * 2));
  return encode_jpeg(*small);
}

}  // namespace shilu::media

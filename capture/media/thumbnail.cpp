#include "capture/media/thumbnail.h"

#include <algorithm>
#include <functional>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"
#include "capture/media/memory_input.h"

namespace shilu::media {
namespace {

constexpr int kMaxSide = 16'384;  // pictures larger than this are a lie
constexpr int kMaxThumbnailHeight = 4'096;
constexpr int kQuality = 5;  // libav's scale: 2 best, 31 worst

// Gives the next packet; false at the end.
using NextPacket = std::function<Result<bool>(AVPacket&)>;
// Whether a picture is the wanted one.
using IsWanted = std::function<bool(const AVFrame&)>;

// The first picture that is wanted, or else the last one that comes out.
Result<AvFrame> find_picture(const NextPacket& next, int stream, Decoder& decoder, const IsWanted& wanted) {
  const AvPacket packet(av_packet_alloc());
  AvFrame found;
  bool done = false;
  const auto on_frame = [&](AVFrame& frame) {
    if (done) return Status{};
    found.reset(av_frame_clone(&frame));
    done = wanted(frame);
    return Status{};
  };
  while (!done) {
    SHILU_TRY(const bool more, next(*packet));
    if (more && packet->stream_index != stream) continue;
    const auto decoded = decoder.decode(more ? packet.get() : nullptr, on_frame);
    if (!decoded && !found) return fail(decoded.error().within("the picture cannot be decoded"));
    if (!more) break;
  }
  if (!found) return fail(ErrorKind::kCorrupted, "there is no picture in it");
  return found;
}

Result<AvFrame> scale(const AVFrame& picture, int width) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxSide || picture.height > kMaxSide) {
    return fail(ErrorKind::kCorrupted, "the picture has an impossible size");
  }
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

Status check_width(int width) {
  if (width >= 16 && width <= kMaxThumbnailWidth) return {};
  return fail(ErrorKind::kInvalidArgument, "a thumbnail is 16 to 1920 pixels wide");
}

Result<Bytes> jpeg_of(const AVFrame& picture, int width) {
  SHILU_TRY(const AvFrame small, scale(picture, width / 2 * 2));
  return encode_jpeg(*small);
}

}  // namespace

Result<Bytes> thumbnail(ByteView movie, int width) {
  SHILU_CHECK(check_width(width));
  SHILU_TRY(const auto input, MemoryInput::open(movie));
  const int stream = av_find_best_stream(input->context(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (stream < 0) return fail(ErrorKind::kCorrupted, "there is no picture in this track");
  SHILU_TRY(auto decoder, Decoder::open(*input->context()->streams[stream], DecodeMode::kLenient));
  const auto next = [&](AVPacket& packet) -> Result<bool> {
    av_packet_unref(&packet);
    return av_read_frame(input->context(), &packet) >= 0;
  };
  SHILU_TRY(const AvFrame picture, find_picture(next, stream, decoder, [](const AVFrame&) { return true; }));
  return jpeg_of(*picture, width);
}

Result<Bytes> thumbnail(const std::filesystem::path& file, Nanoseconds at, int width,
                        const MediaLimits& limits) {
  SHILU_CHECK(check_width(width));
  SHILU_TRY(const auto input, FileInput::open(file, limits));
  const int index = input->best_stream(MediaKind::kVideo);
  if (index < 0) return fail(ErrorKind::kNotFound, "the file has no picture");
  const auto& stream = input->stream(index);
  SHILU_TRY(auto decoder, Decoder::open(stream, DecodeMode::kLenient));
  SHILU_CHECK(input->seek(index, at));
  const auto start = time_of(stream.start_time, stream).value_or(Nanoseconds(0));
  const auto reaches = [&](const AVFrame& frame) {
    const auto shown = time_of(frame.best_effort_timestamp, stream);
    const auto lasts = time_of(frame.pkt_duration, stream).value_or(Nanoseconds(0));
    return shown && *shown - start + lasts > at;
  };
  SHILU_TRY(const AvFrame picture,
            find_picture([&](AVPacket& packet) { return input->read(packet); }, index, decoder, reaches));
  return jpeg_of(*picture, width);
}

}  // namespace shilu::media

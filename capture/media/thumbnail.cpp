#include "capture/media/thumbnail.h"

#include <functional>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"
#include "capture/media/memory_input.h"
#include "capture/media/scale.h"

namespace shilu::media {
namespace {

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

Status check_width(int width) {
  if (width >= 16 && width <= kMaxThumbnailWidth) return {};
  return fail(ErrorKind::kInvalidArgument, "a thumbnail is 16 to 1920 pixels wide");
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

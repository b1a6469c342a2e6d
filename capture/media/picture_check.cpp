#include "capture/media/picture_check.h"

#include <optional>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"
#include "capture/media/scale.h"

namespace shilu::media {
namespace {

// Grows the last span when what it holds goes on, or begins one.
void note(std::vector<PictureSpan>& spans, bool& inside, bool holds, Nanoseconds from, Nanoseconds to) {
  if (holds && inside) spans.back().to = to;
  if (holds && !inside) spans.push_back({from, to});
  inside = holds;
}

class Watch {
 public:
  explicit Watch(const AVStream& stream) : stream_(stream) {}

  void take(const AVFrame& frame) {
    const auto at = time_of(frame.best_effort_timestamp, stream_);
    const auto small = small_of(frame);
    if (!at || !small) return;
    ++summary_.key_pictures;
    const bool dark = small->mean() < kBlackLuma;
    if (last_) {
      note(summary_.black, black_, dark && last_dark_, last_at_, *at);
      note(summary_.frozen, frozen_, difference(*last_, *small).mean < kFrozenDifference, last_at_, *at);
    }
    last_ = *small;
    last_at_ = *at;
    last_dark_ = dark;
  }
  PictureSummary finish() { return std::move(summary_); }

 private:
  const AVStream& stream_;
  PictureSummary summary_;
  std::optional<SmallPicture> last_;
  Nanoseconds last_at_{0};
  bool last_dark_ = false;
  bool black_ = false;
  bool frozen_ = false;
};

}  // namespace

Result<PictureSummary> summarise_pictures(const std::filesystem::path& file, const MediaLimits& limits) {
  SHILU_TRY(const auto input, FileInput::open(file, limits));
  const int index = input->best_stream(MediaKind::kVideo);
  if (index < 0) return fail(ErrorKind::kNotFound, "the file has no picture");
  SHILU_TRY(auto decoder, Decoder::open(input->stream(index), DecodeMode::kKeyPicturesOnly));
  Watch watch(input->stream(index));
  const auto on_frame = [&](AVFrame& frame) {
    watch.take(frame);
    return Status{};
  };
  const AvPacket packet(av_packet_alloc());
  for (;;) {
    SHILU_TRY(const bool more, input->read(*packet));
    if (!more) break;
    const bool key = packet->stream_index == index && (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (key) static_cast<void>(decoder.decode(packet.get(), on_frame));
  }
  static_cast<void>(decoder.decode(nullptr, on_frame));
  return watch.finish();
}

}  // namespace shilu::media

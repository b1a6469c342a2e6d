#include "capture/media/decode_check.h"

#include <map>

#include "capture/media/decoder.h"
#include "capture/media/file_input.h"

namespace shilu::media {
namespace {

class Check {
 public:
  Check(FileInput& input, DecodeReport& report) : input_(input), report_(report) {}

  void add(int index) {
    auto& stream = input_.stream(index);
    auto decoder = Decoder::open(stream, DecodeMode::kStrict);
    if (!decoder) return blame(index, std::nullopt, decoder.error().message);
    streams_.emplace(index, Stream{std::move(*decoder), std::nullopt});
  }

  void take(const AVPacket& packet) {
    const auto found = streams_.find(packet.stream_index);
    if (found == streams_.end()) return;
    check_order(packet, found->second);
    if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) blame(packet, "the file ends in the middle of it");
    decode(packet.stream_index, &packet);
  }

  void finish() {
    for (const auto& [index, stream] : streams_) decode(index, nullptr);
  }

 private:
  struct Stream {
    Decoder decoder;
    std::optional<std::int64_t> last_dts;
  };

  void check_order(const AVPacket& packet, Stream& stream) {
    if (packet.dts == AV_NOPTS_VALUE) return;
    if (stream.last_dts && packet.dts <= *stream.last_dts) blame(packet, "its decode time does not rise");
    stream.last_dts = packet.dts;
  }

  void decode(int index, const AVPacket* packet) {
    const auto count = [this](AVFrame& frame) {
      if (frame.width > 0) {
        ++report_.pictures;
      } else {
        report_.sound_samples += static_cast<std::uint64_t>(frame.nb_samples);
      }
      return Status{};
    };
    const auto decoded = streams_.at(index).decoder.decode(packet, count);
    if (!decoded)
      blame(index, packet == nullptr ? std::nullopt : time_of(packet->pts, input_.stream(index)),
            decoded.error().message);
  }

  void blame(const AVPacket& packet, std::string what) {
    blame(packet.stream_index, time_of(packet.pts, input_.stream(packet.stream_index)), std::move(what));
  }

  void blame(int index, std::optional<Nanoseconds> at, std::string what) {
    if (report_.first_fault) return;
    const bool video = input_.stream(index).codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    report_.first_fault = DecodeFault{video ? MediaKind::kVideo : MediaKind::kAudio, at, std::move(what)};
  }

  FileInput& input_;
  DecodeReport& report_;
  std::map<int, Stream> streams_;
};

}  // namespace

Result<DecodeReport> decode_all(const std::filesystem::path& file, const MediaLimits& limits) {
  SHILU_TRY(const auto input, FileInput::open(file, limits));
  DecodeReport report;
  Check check(*input, report);
  for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    const int index = input->best_stream(kind);
    if (index >= 0) check.add(index);
  }
  const AvPacket packet(av_packet_alloc());
  for (;;) {
    const auto more = input->read(*packet);
    if (!more && more.error().kind != ErrorKind::kCorrupted) return fail(more.error());
    if (!more && !report.first_fault) {
      report.first_fault = DecodeFault{MediaKind::kVideo, std::nullopt, more.error().message};
    }
    if (!more || !*more) break;
    check.take(*packet);
  }
  check.finish();
  return report;
}

}  // namespace shilu::media

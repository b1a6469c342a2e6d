#include "capture/media/probe.h"

#include <algorithm>
#include <limits>
#include <map>

#include "capture/media/file_input.h"

namespace shilu::media {
namespace {

bool is_media(const AVStream& stream) {
  const auto type = stream.codecpar->codec_type;
  const bool cover = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  return !cover && (type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO);
}

StreamFacts facts_of(const AVStream& stream) {
  const auto& parameters = *stream.codecpar;
  StreamFacts facts;
  facts.kind = parameters.codec_type == AVMEDIA_TYPE_VIDEO ? MediaKind::kVideo : MediaKind::kAudio;
  facts.codec = avcodec_get_name(parameters.codec_id);
  facts.width = parameters.width;
  facts.height = parameters.height;
  facts.sample_rate = parameters.sample_rate;
  facts.channels = parameters.ch_layout.nb_channels;
  return facts;
}

// Counts one stream's packets.
class Count {
 public:
  explicit Count(const AVStream& stream) : stream_(stream), facts_(facts_of(stream)) {}

  void add(const AVPacket& packet) {
    ++facts_.frames;
    facts_.key_frames += (packet.flags & AV_PKT_FLAG_KEY) != 0 ? 1 : 0;
    facts_.bytes += static_cast<std::uint64_t>(packet.size);
    const auto start = time_of(packet.pts, stream_);
    const bool shown = (packet.flags & AV_PKT_FLAG_DISCARD) == 0;  // an edit list may hide it
    if (!start || !shown) return;
    first_ = std::min(first_, *start);
    last_ = std::max(last_, *start + time_of(packet.duration, stream_).value_or(Nanoseconds(0)));
  }

  StreamFacts finish() {
    if (last_ <= first_) return facts_;
    facts_.start = first_;
    facts_.duration = last_ - first_;
    facts_.frames_per_second =
        static_cast<double>(facts_.frames) * 1e9 / static_cast<double>(facts_.duration.count());
    return facts_;
  }

 private:
  const AVStream& stream_;
  StreamFacts facts_;
  Nanoseconds first_ = Nanoseconds::max();
  Nanoseconds last_ = Nanoseconds::min();
};

Nanoseconds duration_of(const std::vector<StreamFacts>& streams) {
  auto first = Nanoseconds::max();
  auto last = Nanoseconds::min();
  for (const auto& stream : streams) {
    first = std::min(first, stream.start);
    last = std::max(last, stream.start + stream.duration);
  }
  return streams.empty() ? Nanoseconds(0) : last - first;
}

}  // namespace

const StreamFacts* MediaFacts::first(MediaKind kind) const {
  const auto found = std::find_if(streams.begin(), streams.end(),
                                  [kind](const StreamFacts& stream) { return stream.kind == kind; });
  return found == streams.end() ? nullptr : &*found;
}

Result<MediaFacts> probe(const std::filesystem::path& file, const MediaLimits& limits) {
  SHILU_TRY(const auto input, FileInput::open(file, limits));
  std::map<int, Count> counts;
  for (unsigned i = 0; i < input->context().nb_streams; ++i) {
    const auto& stream = *input->context().streams[i];
    if (is_media(stream)) counts.emplace(static_cast<int>(i), Count(stream));
  }
  const AvPacket packet(av_packet_alloc());
  for (;;) {
    SHILU_TRY(const bool more, input->read(*packet));
    if (!more) break;
    const auto found = counts.find(packet->stream_index);
    if (found != counts.end()) found->second.add(*packet);
  }
  MediaFacts facts;
  facts.container = input->context().iformat->name;
  std::error_code ignored;
  facts.size_bytes = std::filesystem::file_size(file, ignored);
  for (auto& [index, count] : counts) facts.streams.push_back(count.finish());
  facts.duration = duration_of(facts.streams);
  return facts;
}

}  // namespace shilu::media

// capture/link: decode; and what the recorder does with what it decoded: capture/recorder track_builder with
// its time lines. Input: messages, each with its length in front (16 bits).

#include "capture/bmff/fragment_writer.h"
#include "capture/link/link.h"
#include "capture/recorder/track_builder.h"
#include "tests/fuzz/fuzz.h"

using namespace shilu;
using namespace shilu::recorder;

namespace {

constexpr MonotonicTime kStart{1'000'000'000'000};

TrackBuilder::Beginning beginning_of(MediaKind kind) {
  TrackBuilder::Beginning beginning;
  beginning.kind = kind;
  beginning.lesson_start = kStart;
  return beginning;
}

// What SourceInput keeps of one kind.
class Track {
 public:
  explicit Track(MediaKind kind)
      : builder_(beginning_of(kind), distance_, [this](Fragment fragment) { return take(fragment); }) {}

  void take(const link::TrackParameters& parameters) {
    static_cast<void>(builder_.set_parameters(parameters));
  }
  void take(link::AccessUnit unit) {
    distance_.add(unit.decode_time);
    const auto now = unit.decode_time;
    builder_.add(std::move(unit), 1, now);
    builder_.close_if_silent(now);
  }
  void finish() { builder_.flush(); }

 private:
  std::optional<GapReason> take(const Fragment& fragment) {
    fuzz::promise(!fragment.samples.empty(), "a fragment has samples");
    for (std::size_t i = 0; i < fragment.samples.size(); ++i) {
      fuzz::promise(fragment.samples[i].duration > 0, "a sample lasts");
      fuzz::promise(i == 0 || fragment.samples[i].decode_ticks > fragment.samples[i - 1].decode_ticks,
                    "times rise");
    }
    // Where another time scale begins, times are rounded to its ticks.
    const Nanoseconds half_tick(ns_from_ticks(1, fragment.format->parameters.timescale) / 2 + 1);
    fuzz::promise(!end_ || fragment.start() >= *end_ - half_tick, "fragments do not overlap");
    end_ = fragment.end();
    return std::nullopt;
  }

  UsualDistance distance_;
  TrackBuilder builder_;
  std::optional<LessonTime> end_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Track video(MediaKind::kVideo), audio(MediaKind::kAudio);
  const auto of = [&](MediaKind kind) -> Track& { return kind == MediaKind::kVideo ? video : audio; };
  while (!input.empty()) {
    const ByteView bytes = input.chunk();
    auto message = link::decode(bytes);
    if (!message) continue;
    fuzz::promise(link::encode(*message) == Bytes(bytes.begin(), bytes.end()), "a message has one form");
    if (const auto* parameters = std::get_if<link::TrackParameters>(&*message))
      of(parameters->kind).take(*parameters);
    if (auto* unit = std::get_if<link::AccessUnit>(&*message)) {
      auto& track = of(unit->kind);
      track.take(std::move(*unit));
    }
  }
  video.finish();
  audio.finish();
  return 0;
}

#include "capture/monitor/durability_watch.h"

#include <algorithm>

#include "firmware/lesson/track.h"

namespace shilu::monitor {
namespace {

// A GOP of 2 s and a tick, twice (docs/design/recording.md, "The loss window").
constexpr Nanoseconds kDurableWithin = std::chrono::seconds(6);

}  // namespace

void DurabilityWatch::look(const recorder::RecorderStatus& status, MonotonicTime now) {
  if (!status.lesson) return;
  const bool recorded = status.state == "recording" || status.state == "fault";
  const auto at = LessonTime::from_ms(status.lesson->elapsed_ms);
  for (const auto& source : status.sources) {
    for (const auto& track : source.tracks) {
      const auto name = parse_track_name(track.name);
      const bool missing = source.picture_missing && name && name->kind == MediaKind::kVideo;  // told as that
      const bool expected = recorded && source.state == "live" && !missing;
      auto& known = tracks_[track.name];
      const bool grew = track.durable_ms != known.durable_ms || known.durable_ms < 0;
      if (grew || !expected) known = {std::max<std::int64_t>(track.durable_ms, 0), now, false};
      const bool late = now - known.since > kDurableWithin;
      if (late == known.late) continue;
      known.late = late;
      if (late) late_.push_back({track.name, AlarmKind::kNotDurable, at});
    }
  }
  std::erase_if(late_, [this](const Alarm& alarm) { return !tracks_[alarm.track].late; });
}

}  // namespace shilu::monitor

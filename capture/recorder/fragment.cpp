#include "capture/recorder/fragment.h"

#include <algorithm>

namespace shilu::recorder {

std::string_view to_string(GapReason reason) {
  switch (reason) {
    case GapReason::kLateStart:
      return "late-start";
    case GapReason::kSourceLost:
      return "source-lost";
    case GapReason::kRecorderRestart:
      return "recorder-restart";
    case GapReason::kQueueOverflow:
      return "queue-overflow";
    case GapReason::kDiskFull:
      return "disk-full";
    case GapReason::kClockJump:
      return "clock-jump";
    case GapReason::kSourceEnded:
      return "source-ended";
    case GapReason::kPowerLoss:
      return "power-loss";
    case GapReason::kPrivate:
      return "private";
    case GapReason::kStopped:
      return "stopped";
    case GapReason::kRedacted:
      return "redacted";
    case GapReason::kSuspended:
      return "suspended";
  }
  return "source-lost";
}

std::int64_t TrackFormat::tolerance_ticks() const {
  return std::max<std::int64_t>(nominal_ticks, parameters.timescale / 1000);
}

LessonTime Fragment::start() const {
  return {ns_from_ticks(start_ticks(), format->parameters.timescale)};
}

LessonTime Fragment::end() const {
  return {ns_from_ticks(end_ticks(), format->parameters.timescale)};
}

std::uint64_t Fragment::size_bytes() const {
  std::uint64_t total = 0;
  for (const auto& sample : samples) total += sample.data.size();
  return total;
}

}  // namespace shilu::recorder

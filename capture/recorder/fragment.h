#pragma once
// What travels from the builders of the tracks to the disk. Values.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "firmware/base/bytes.h"
#include "firmware/lesson/lesson_time.h"
#include "firmware/lesson/track.h"

namespace shilu::recorder {

// Why time is missing in a track: journal.md, event `gap`.
enum class GapReason {
  kLateStart,
  kSourceLost,
  kRecorderRestart,
  kQueueOverflow,
  kDiskFull,
  kClockJump,
  kSourceEnded,
  kPowerLoss,
  kPrivate,
  kStopped,
  kRedacted,
  kSuspended,
};
std::string_view to_string(GapReason reason);  // "late-start"

// A unit of a capture process. Numbers begin anew with every process, so the process belongs to the name.
struct UnitName {
  std::uint64_t peer = 0;  // counts the capture processes that this recorder has seen; 0: none
  std::uint64_t number = 0;
};

struct CodedSample {
  Bytes data;
  std::int64_t decode_ticks = 0;  // lesson time
  std::uint32_t duration = 0;
  std::uint32_t composition_offset = 0;
  bool sync = false;
};

// What an epoch is made of. Equal headers give equal files, but the usual sample duration stands in the
// journal alone.
struct TrackFormat {
  CodecParameters parameters;
  std::uint32_t nominal_ticks = 0;  // 0: unknown
  Bytes header;                     // ftyp + moov

  // Room that a seam between two fragments may have before it counts as a gap: one sample or 1 ms.
  std::int64_t tolerance_ticks() const;
  bool operator==(const TrackFormat&) const = default;
};

// A closed fragment that is not on disk yet: at least one sample, durations set.
struct Fragment {
  std::shared_ptr<const TrackFormat>
      format;  // shared by all fragments of an epoch, across threads, never changed
  std::vector<CodedSample> samples;
  bool closed_at_limit = false;
  bool clock_suspect = false;
  GapReason reason_of_gap = GapReason::kSourceLost;  // should it not join the fragment before it
  MonotonicTime offered_at;                          // set by the writer
  UnitName last_unit;

  bool key() const { return samples.front().sync; }
  std::int64_t start_ticks() const { return samples.front().decode_ticks; }
  std::int64_t end_ticks() const { return samples.back().decode_ticks + samples.back().duration; }
  LessonTime start() const;
  LessonTime end() const;
  std::uint64_t size_bytes() const;  // of the samples' data
};

}  // namespace shilu::recorder

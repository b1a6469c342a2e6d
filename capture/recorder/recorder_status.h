#pragma once
// What the recorder tells of itself: S of docs/ref/processes.md. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::recorder {

// What is kept in memory of a source before a lesson.
struct PreRollStatus {
  Nanoseconds length{0};
  std::uint64_t bytes = 0;
};

struct TrackStatus {
  std::string name;
  std::string codec;
  int width = 0;
  int height = 0;
  double fps = 0;  // pictures (or frames of sound) per second
  std::int64_t durable_ms = 0;
  std::uint64_t bytes = 0;
  std::uint64_t fragments = 0;
  std::uint64_t gaps = 0;
  std::uint64_t received = 0;
  std::uint64_t expected = 0;
  std::uint64_t dropped = 0;  // fragments that the disk had no room or time for
  std::string trouble{};  // "dropping": some in the last 10 s; "no-room": not recorded, the disk is nearly
                          // full; or ""
};

struct SourceStatus {
  std::string name;
  std::string kind;
  bool required = true;
  std::string state = "connecting";  // "live", "lost"
  std::string code;
  std::string detail;
  std::vector<TrackStatus> tracks;
  bool picture_missing =
      false;  // its sound alone was to be had, and no picture that can be recorded came since
};

struct LessonStatus {
  std::string id;
  std::string directory;
  std::string started_utc;
  std::int64_t elapsed_ms = 0;
  std::int64_t durable_ms = 0;  // every live track is on disk until here
  std::uint64_t bytes = 0;
  std::uint64_t gaps = 0;
  std::uint64_t marks = 0;
  std::int64_t durable_lag_ms = 0;
  // Every track of a required source had bytes made durable in the last 5 s, and none lacks its picture.
  bool recording_proven = false;
  std::optional<std::int64_t> planned_ms{};
  std::optional<std::int64_t> away_since_ms{};  // of a private moment or a stop
  std::optional<std::int64_t> closes_in_ms{};   // stopped: how long it may still be continued
};

struct RecorderStatus {
  std::string state = "idle";  // "recording", "private", "stopping", "fault"
  std::optional<LessonStatus> lesson;
  std::vector<SourceStatus> sources;
  std::uint64_t free_bytes = 0;
  std::int64_t minutes_left = 0;
  bool clock_synchronised = false;
  std::int64_t clock_error_ms = 0;
  std::string fault;
  std::string fault_code;  // "disk", "not-durable", "disk-full", "closing"; "" with fault
  bool armed = false;      // pre-roll is kept: the light is on
  std::int64_t pre_roll_ms = 0;

  Json to_json() const;
  static Result<RecorderStatus> from_json(const Json& json);
};

}  // namespace shilu::recorder

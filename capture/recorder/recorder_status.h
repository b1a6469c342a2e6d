#pragma once
// What the recorder tells of itself: S of docs/ref/processes.md. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::recorder {

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
};

struct SourceStatus {
  std::string name;
  std::string kind;
  bool required = true;
  std::string state = "connecting";  // "live", "lost"
  std::string code;
  std::string detail;
  std::vector<TrackStatus> tracks;
};

struct LessonStatus {
  std::string id;
  std::string directory;
  std::string started_utc;
  std::int64_t elapsed_ms = 0;
  std::int64_t durable_ms = 0;      // every live track is on disk until here
  std::uint64_t bytes = 0;
  std::uint64_t gaps = 0;
  std::uint64_t marks = 0;
  std::int64_t durable_lag_ms = 0;
  bool recording_proven = false;    // every track of a required source had bytes made durable in the last 5 s
};

struct RecorderStatus {
  std::string state = "idle";  // "recording", "fault"
  std::optional<LessonStatus> lesson;
  std::vector<SourceStatus> sources;
  std::uint64_t free_bytes = 0;
  std::int64_t minutes_left = 0;
  bool clock_synchronised = false;
  std::int64_t clock_error_ms = 0;
  std::string fault;

  Json to_json() const;
  static Result<RecorderStatus> from_json(const Json& json);
};

}  // namespace shilu::recorder

#pragma once
// lesson.json: written first, never changed; leaf 0 of the recording tree is the hash of its bytes.
// Holds no name of a person. docs/ref/lesson-folder.md.

#include <optional>
#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/result.h"
#include "firmware/lesson/lesson_time.h"
#include "firmware/lesson/track.h"

namespace shilu {

struct SourceInfo {
  std::string name;  // "room"
  // "rtsp", "rtsp-sound" (a microphone of the network), "v4l2", "screen", "alsa", "file", "test"
  std::string kind;
  bool required = true;
};

struct LessonInfo {
  std::string lesson_id;          // UUIDv7
  std::string boot_id;            // of the machine that began it
  MonotonicTime start_monotonic;  // lesson time 0
  WallTime start_wall;            //
  ClockQuality clock;             // at the start
  std::vector<SourceInfo> sources;
  std::string recording_certificate;  // DSSE envelope, JSON text
  std::string
      platform_nonce;    // DSSE envelope, JSON text: the platform's, not older than minutes; empty: none
  std::string software;  // "shilu 0.1.0"
  std::optional<std::int64_t> planned_ms;

  std::string to_json() const;  // the file's bytes
  static Result<LessonInfo> from_json(std::string_view text);
};

}  // namespace shilu

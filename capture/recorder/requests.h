#pragma once
// What the recorder is asked and what it answers. Values; docs/ref/processes.md has them as JSON.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"
#include "firmware/lesson/mark.h"

namespace shilu::recorder {

struct StartRequest {
  std::filesystem::path directory;  // the lesson's own folder, new or empty; empty: lessons/<id>
  std::optional<std::int64_t> planned_ms;
  std::optional<Digest> subject;  // journal.md, event `sign-in`
  std::string platform_nonce;     // DSSE envelope, JSON text, into lesson.json; empty: none
  // Nothing later than this is recorded, to the sample; stop() must still be called. Not over the socket.
  std::optional<Nanoseconds> length;
};

struct StartedLesson {
  std::string id;
  std::filesystem::path directory;
  MonotonicTime start;
  std::string start_utc;
};

struct StoppedLesson {
  std::string id;
  std::filesystem::path directory;  // empty when told over the socket
  std::int64_t duration_ms = 0;
};

enum class StopReason { kUser, kTime, kDiskFull };

struct RedactRequest {
  std::string lesson_id;  // empty: the one that is recorded
  TimeRange range;
  std::optional<Nanoseconds>
      last;  // instead of `range`: so far back from now. Only of the one that is recorded
  std::optional<Digest> subject;  // who asked for it
};

struct MarkRequest {
  std::string id;
  std::optional<std::string> point;
  MonotonicTime pressed;
  Nanoseconds look_back = kDefaultLook;
  Nanoseconds look_ahead = kDefaultLook;
};

struct MarkAnswer {
  Mark mark;
  bool is_new = false;
};

}  // namespace shilu::recorder

#pragma once
// Inside capture/recorder only: what exists while a lesson is recorded.

#include "capture/recorder/recorder.h"

namespace shilu::recorder {

struct Recorder::Session {
  Session(std::unique_ptr<LiveLesson> running, Nanoseconds tick)
      : lesson(std::move(running)), threads(*lesson, tick) {}

  std::unique_ptr<LiveLesson> lesson;
  LessonThreads threads;    // ends before the lesson goes
  MonotonicTime closes_at;  // stopped and not continued until then; guarded by Recorder::mutex_
};

}  // namespace shilu::recorder

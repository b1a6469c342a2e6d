#pragma once
// Watches whether what is recorded becomes durable, by what the recorder says of itself. Thread-bound.

#include <map>
#include <string>
#include <vector>

#include "capture/monitor/alarm.h"
#include "capture/recorder/recorder_status.h"
#include "firmware/base/clock.h"

namespace shilu::monitor {

class DurabilityWatch {
 public:
  // Of one lesson, as they come. A track is late when nothing of it became durable for over 6 s in which it
  // should have: its source is live, and the lesson is neither private nor stopped.
  void look(const recorder::RecorderStatus& status, MonotonicTime now);
  const std::vector<Alarm>& alarms() const { return late_; }  // kNotDurable

 private:
  struct Track {
    std::int64_t durable_ms = -1;
    MonotonicTime since;
    bool late = false;
  };
  std::map<std::string, Track> tracks_;
  std::vector<Alarm> late_;
};

}  // namespace shilu::monitor

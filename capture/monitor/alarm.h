#pragma once
// What is wrong with what is being recorded, as people have to hear it while it can still be mended. Values
// and their JSON; docs/ref/processes.md, "Monitor".

#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/base/result.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::monitor {

enum class AlarmKind { kNoSound, kClipping, kHumOnly, kBlack, kFrozen, kNotDurable };
std::string_view to_string(AlarmKind kind);  // "no-sound"; stable

struct Alarm {
  std::string track;  // "room.audio"
  AlarmKind kind = AlarmKind::kNoSound;
  LessonTime since;  // when it was noticed

  bool operator==(const Alarm&) const = default;
};

struct TrackLevel {
  std::string track;
  double rms_dbfs = -120;
  double peak_dbfs = -120;
};

Json to_json(const std::vector<Alarm>& alarms);
Result<std::vector<Alarm>> alarms_from(const Json& list);  // kCorrupted
Json to_json(const std::vector<TrackLevel>& levels);
Result<std::vector<TrackLevel>> levels_from(const Json& list);

}  // namespace shilu::monitor

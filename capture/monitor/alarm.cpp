#include "capture/monitor/alarm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "firmware/base/json_io.h"

namespace shilu::monitor {
namespace {

constexpr std::array<std::pair<AlarmKind, std::string_view>, 6> kNames{
    {{AlarmKind::kNoSound, "no-sound"},
     {AlarmKind::kClipping, "clipping"},
     {AlarmKind::kHumOnly, "hum-only"},
     {AlarmKind::kBlack, "black"},
     {AlarmKind::kFrozen, "frozen"},
     {AlarmKind::kNotDurable, "not-durable"}}};

Result<AlarmKind> alarm_kind_from(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
  }
  return fail(ErrorKind::kCorrupted, fmt::format("there is no alarm \"{}\"", name));
}

double tenths(double value) {
  return std::round(value * 10) / 10;
}

Result<double> decibels_from(const Json& object, const char* key) {
  if (object.contains(key) && object[key].is_number()) return object[key].get<double>();
  return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is missing or no number", key));
}

}  // namespace

std::string_view to_string(AlarmKind kind) {
  const auto found =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& one) { return one.first == kind; });
  return found->second;
}

Json to_json(const std::vector<Alarm>& alarms) {
  Json list = Json::array();
  for (const auto& alarm : alarms) {
    list.push_back({{"track", alarm.track}, {"kind", to_string(alarm.kind)}, {"since_ms", alarm.since.ms()}});
  }
  return list;
}

Result<std::vector<Alarm>> alarms_from(const Json& list) {
  std::vector<Alarm> alarms;
  for (const auto& item : list) {
    Alarm alarm;
    SHILU_TRY(alarm.track, json_string(item, "track"));
    SHILU_TRY(const auto kind, json_string(item, "kind"));
    SHILU_TRY(alarm.kind, alarm_kind_from(kind));
    SHILU_TRY(const auto since_ms, json_int(item, "since_ms"));
    alarm.since = LessonTime::from_ms(since_ms);
    alarms.push_back(std::move(alarm));
  }
  return alarms;
}

Json to_json(const std::vector<TrackLevel>& levels) {
  Json list = Json::array();
  for (const auto& level : levels) {
    list.push_back({{"track", level.track},
                    {"rms_dbfs", tenths(level.rms_dbfs)},
                    {"peak_dbfs", tenths(level.peak_dbfs)}});
  }
  return list;
}

Result<std::vector<TrackLevel>> levels_from(const Json& list) {
  std::vector<TrackLevel> levels;
  for (const auto& item : list) {
    TrackLevel level;
    SHILU_TRY(level.track, json_string(item, "track"));
    SHILU_TRY(level.rms_dbfs, decibels_from(item, "rms_dbfs"));
    SHILU_TRY(level.peak_dbfs, decibels_from(item, "peak_dbfs"));
    levels.push_back(std::move(level));
  }
  return levels;
}

}  // namespace shilu::monitor

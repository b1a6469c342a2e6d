#include "capture/recorder/recorder_status.h"

#include "firmware/base/json_io.h"

namespace shilu::recorder {
namespace {

Json optional_number(const std::optional<std::int64_t>& number) {
  return number ? Json(*number) : Json();
}

Json to_json(const TrackStatus& track) {
  return {{"name", track.name},         {"codec", track.codec},
          {"width", track.width},       {"height", track.height},
          {"fps", track.fps},           {"durable_ms", track.durable_ms},
          {"bytes", track.bytes},       {"fragments", track.fragments},
          {"gaps", track.gaps},         {"received", track.received},
          {"expected", track.expected}, {"dropped", track.dropped},
          {"trouble", track.trouble}};
}

Json to_json(const SourceStatus& source) {
  Json tracks = Json::array();
  for (const auto& track : source.tracks) tracks.push_back(to_json(track));
  return {{"name", source.name},         {"kind", source.kind},
          {"required", source.required}, {"state", source.state},
          {"code", source.code},         {"detail", source.detail},
          {"tracks", std::move(tracks)}, {"picture_missing", source.picture_missing}};
}

Json to_json(const LessonStatus& lesson) {
  return {{"id", lesson.id},
          {"directory", lesson.directory},
          {"started_utc", lesson.started_utc},
          {"elapsed_ms", lesson.elapsed_ms},
          {"durable_ms", lesson.durable_ms},
          {"bytes", lesson.bytes},
          {"gaps", lesson.gaps},
          {"marks", lesson.marks},
          {"durable_lag_ms", lesson.durable_lag_ms},
          {"planned_ms", optional_number(lesson.planned_ms)},
          {"away_since_ms", optional_number(lesson.away_since_ms)},
          {"closes_in_ms", optional_number(lesson.closes_in_ms)},
          {"recording_proven", lesson.recording_proven}};
}

// Reads a number of any width; a negative one where none may be is kept out by json_int's callers.
template <typename T>
Status read(const Json& json, std::string_view key, T& out) {
  SHILU_TRY(const auto value, json_int(json, key));
  out = static_cast<T>(value);
  return {};
}

Status read_optional(const Json& json, std::string_view key, std::optional<std::int64_t>& out) {
  if (!json.contains(std::string(key)) || json[std::string(key)].is_null()) return {};
  SHILU_TRY(out, json_int(json, key));
  return {};
}

Result<TrackStatus> track_from(const Json& json) {
  TrackStatus track;
  SHILU_TRY(track.name, json_string(json, "name"));
  SHILU_TRY(track.codec, json_string(json, "codec"));
  SHILU_CHECK(read(json, "width", track.width));
  SHILU_CHECK(read(json, "height", track.height));
  if (json.contains("fps") && json["fps"].is_number()) track.fps = json["fps"].get<double>();
  SHILU_CHECK(read(json, "durable_ms", track.durable_ms));
  SHILU_CHECK(read(json, "bytes", track.bytes));
  SHILU_CHECK(read(json, "fragments", track.fragments));
  SHILU_CHECK(read(json, "gaps", track.gaps));
  SHILU_CHECK(read(json, "received", track.received));
  SHILU_CHECK(read(json, "expected", track.expected));
  SHILU_CHECK(read(json, "dropped", track.dropped));
  SHILU_TRY(track.trouble, json_string(json, "trouble"));
  return track;
}

Result<SourceStatus> source_from(const Json& json) {
  SourceStatus source;
  SHILU_TRY(source.name, json_string(json, "name"));
  SHILU_TRY(source.kind, json_string(json, "kind"));
  SHILU_TRY(source.required, json_bool(json, "required"));
  SHILU_TRY(source.state, json_string(json, "state"));
  SHILU_TRY(source.code, json_string(json, "code"));
  SHILU_TRY(source.detail, json_string(json, "detail"));
  if (json.contains("picture_missing")) {
    SHILU_TRY(source.picture_missing, json_bool(json, "picture_missing"));
  }
  SHILU_TRY(const auto tracks, json_array(json, "tracks"));
  for (const auto& entry : tracks) {
    SHILU_TRY(auto track, track_from(entry));
    source.tracks.push_back(std::move(track));
  }
  return source;
}

Result<LessonStatus> lesson_from(const Json& json) {
  LessonStatus lesson;
  SHILU_TRY(lesson.id, json_string(json, "id"));
  SHILU_TRY(lesson.directory, json_string(json, "directory"));
  SHILU_TRY(lesson.started_utc, json_string(json, "started_utc"));
  SHILU_CHECK(read(json, "elapsed_ms", lesson.elapsed_ms));
  SHILU_CHECK(read(json, "durable_ms", lesson.durable_ms));
  SHILU_CHECK(read(json, "bytes", lesson.bytes));
  SHILU_CHECK(read(json, "gaps", lesson.gaps));
  SHILU_CHECK(read(json, "marks", lesson.marks));
  SHILU_CHECK(read(json, "durable_lag_ms", lesson.durable_lag_ms));
  SHILU_CHECK(read_optional(json, "planned_ms", lesson.planned_ms));
  SHILU_CHECK(read_optional(json, "away_since_ms", lesson.away_since_ms));
  SHILU_CHECK(read_optional(json, "closes_in_ms", lesson.closes_in_ms));
  SHILU_TRY(lesson.recording_proven, json_bool(json, "recording_proven"));
  return lesson;
}

}  // namespace

Json RecorderStatus::to_json() const {
  Json list = Json::array();
  for (const auto& source : sources) list.push_back(recorder::to_json(source));
  return {{"state", state},
          {"lesson", lesson ? recorder::to_json(*lesson) : Json()},
          {"sources", std::move(list)},
          {"disk", {{"free_bytes", free_bytes}, {"minutes_left", minutes_left}}},
          {"clock", {{"synchronised", clock_synchronised}, {"error_ms", clock_error_ms}}},
          {"pre_roll", {{"armed", armed}, {"kept_ms", pre_roll_ms}}},
          {"fault", fault},
          {"fault_code", fault_code}};
}

Result<RecorderStatus> RecorderStatus::from_json(const Json& json) {
  RecorderStatus status;
  SHILU_TRY(status.state, json_string(json, "state"));
  if (json.contains("lesson") && !json["lesson"].is_null()) {
    SHILU_TRY(status.lesson, lesson_from(json["lesson"]));
  }
  SHILU_TRY(const auto sources, json_array(json, "sources"));
  for (const auto& entry : sources) {
    SHILU_TRY(auto source, source_from(entry));
    status.sources.push_back(std::move(source));
  }
  SHILU_TRY(const auto disk, json_object(json, "disk"));
  SHILU_CHECK(read(disk, "free_bytes", status.free_bytes));
  SHILU_CHECK(read(disk, "minutes_left", status.minutes_left));
  SHILU_TRY(const auto clock, json_object(json, "clock"));
  SHILU_TRY(status.clock_synchronised, json_bool(clock, "synchronised"));
  SHILU_CHECK(read(clock, "error_ms", status.clock_error_ms));
  SHILU_TRY(status.fault, json_string(json, "fault"));
  SHILU_TRY(status.fault_code, json_string(json, "fault_code"));
  SHILU_TRY(const auto pre_roll, json_object(json, "pre_roll"));
  SHILU_TRY(status.armed, json_bool(pre_roll, "armed"));
  SHILU_CHECK(read(pre_roll, "kept_ms", status.pre_roll_ms));
  return status;
}

}  // namespace shilu::recorder

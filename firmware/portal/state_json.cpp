#include "firmware/portal/state_json.h"

#include "firmware/base/json_io.h"
#include "firmware/portal/upload_json.h"

namespace shilu::portal {
namespace {

Json optional_number(const std::optional<std::int64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json lesson_state(store::DeviceStore& store, const recorder::LessonStatus& lesson) {
  Json json = {{"id", lesson.id},
               {"subject", ""},
               {"class_name", ""},
               {"topic", ""},
               {"teacher", nullptr},
               {"started_utc", lesson.started_utc},
               {"elapsed_ms", lesson.elapsed_ms},
               {"durable_ms", lesson.durable_ms},
               {"bytes", lesson.bytes},
               {"gaps", lesson.gaps},
               {"marks", lesson.marks},
               {"durable_lag_ms", lesson.durable_lag_ms},
               {"recording_proven", lesson.recording_proven},
               {"planned_ms", optional_number(lesson.planned_ms)},
               {"away_since_ms", optional_number(lesson.away_since_ms)},
               {"closes_in_ms", optional_number(lesson.closes_in_ms)}};
  const auto known = store.lesson(lesson.id);
  if (!known) return json;
  json["subject"] = known->subject;
  json["class_name"] = known->class_name;
  json["topic"] = known->topic;
  if (known->teacher_id) json["teacher"] = *known->teacher_id;
  return json;
}

Json source_state(const recorder::SourceStatus& source) {
  Json tracks = Json::array();
  for (const recorder::TrackStatus& track : source.tracks) {
    tracks.push_back({{"name", track.name},
                      {"codec", track.codec},
                      {"width", track.width},
                      {"height", track.height},
                      {"fps", track.fps},
                      {"durable_ms", track.durable_ms},
                      {"bytes", track.bytes},
                      {"fragments", track.fragments},
                      {"gaps", track.gaps},
                      {"dropped", track.dropped},
                      {"trouble", track.trouble}});
  }
  return {{"name", source.name},         {"kind", source.kind},
          {"required", source.required}, {"state", source.state},
          {"code", source.code},         {"detail", source.detail},
          {"tracks", std::move(tracks)}, {"picture_missing", source.picture_missing}};
}

}  // namespace

Json state_json(const Context& context, const std::optional<recorder::RecorderStatus>& status) {
  Json sources = Json::array();
  if (status) {
    for (const recorder::SourceStatus& source : status->sources) sources.push_back(source_state(source));
  }
  const recorder::RecorderStatus nothing;
  const recorder::RecorderStatus& known = status ? *status : nothing;
  return {{"state", status ? known.state : "fault"},
          {"fault", status ? known.fault : "recorder-away"},
          {"fault_code", status ? known.fault_code : "recorder-away"},
          {"pre_roll", {{"armed", known.armed}, {"kept_ms", known.pre_roll_ms}}},
          {"lesson", known.lesson ? lesson_state(context.store, *known.lesson) : Json(nullptr)},
          {"sources", std::move(sources)},
          {"disk", {{"free_bytes", known.free_bytes}, {"minutes_left", known.minutes_left}}},
          {"clock", {{"synchronised", known.clock_synchronised}, {"error_ms", known.clock_error_ms}}},
          {"upload", upload_json(context)},
          {"device",
           {{"id", context.device_id}, {"name", context.settings.device_name}, {"version", SHILU_VERSION}}}};
}

}  // namespace shilu::portal

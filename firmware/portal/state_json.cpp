#include "firmware/portal/state_json.h"

#include "firmware/base/json_io.h"

namespace shilu::portal {
namespace {

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
               {"recording_proven", lesson.recording_proven}};
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
                      {"gaps", track.gaps}});
  }
  return {{"name", source.name},        {"kind", source.kind}, {"required", source.required},
          {"state", source.state},      {"code", source.code}, {"detail", source.detail},
          {"tracks", std::move(tracks)}};
}

Json upload_state(const Context& context) {
  const auto waiting = context.store.waiting_submissions();
  const std::int64_t queued = waiting.value_or(0);
  std::string_view state = "off";
  if (context.outbox != nullptr) {
    switch (context.outbox->link()) {
      case sender::Outbox::Link::kOff:
        state = "waiting";
        break;
      case sender::Outbox::Link::kOk:
        state = "ok";
        break;
      case sender::Outbox::Link::kWaiting:
        state = "waiting";
        break;
      case sender::Outbox::Link::kOffline:
        state = "offline";
        break;
    }
  }
  return {{"state", state}, {"queued", queued}};
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
          {"lesson", known.lesson ? lesson_state(context.store, *known.lesson) : Json(nullptr)},
          {"sources", std::move(sources)},
          {"disk", {{"free_bytes", known.free_bytes}, {"minutes_left", known.minutes_left}}},
          {"clock", {{"synchronised", known.clock_synchronised}, {"error_ms", known.clock_error_ms}}},
          {"upload", upload_state(context)},
          {"device",
           {{"id", context.device_id}, {"name", context.settings.device_name}, {"version", SHILU_VERSION}}}};
}

}  // namespace shilu::portal

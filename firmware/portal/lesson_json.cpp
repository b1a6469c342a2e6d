#include "firmware/portal/lesson_json.h"

#include "firmware/portal/answers.h"

namespace shilu::portal {
namespace {

Json optional_text(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

}  // namespace

Json lesson_json(const store::Lesson& lesson) {
  return {{"id", lesson.id},
          {"subject", lesson.subject},
          {"class_name", lesson.class_name},
          {"topic", lesson.topic},
          {"state", to_string(lesson.state)},
          {"started_utc", utc_text(lesson.started_utc_ms)},
          {"duration_ms", lesson.duration_ms},
          {"bytes", lesson.size_bytes},
          {"gap_count", lesson.gap_count},
          {"mark_count", lesson.mark_count}};
}

Json marks_json(const journal::LessonFolder& folder) {
  Json list = Json::array();
  for (const Mark& mark : folder.marks()) {
    const TimeRange range = mark.range(folder.finished() ? folder.duration() : kOpenEnd);
    list.push_back({{"id", mark.id},
                    {"point", optional_text(mark.point)},
                    {"at_ms", mark.at.ms()},
                    {"from_ms", range.from.ms()},
                    {"to_ms", range.to.ms()},
                    {"undone", mark.undone}});
  }
  return list;
}

Json gaps_json(const journal::LessonFolder& folder) {
  Json list = Json::array();
  for (const journal::GapEvent& gap : folder.holes()) {
    list.push_back(
        {{"track", gap.track}, {"from_ms", gap.from.ms()}, {"to_ms", gap.to.ms()}, {"reason", gap.reason}});
  }
  return list;
}

Json tracks_json(const journal::LessonFolder& folder) {
  Json list = Json::array();
  for (const journal::TrackView& track : folder.tracks()) {
    const auto name = parse_track_name(track.name);
    const journal::EpochEvent& event = track.epochs.back().event;
    list.push_back({{"name", track.name},
                    {"source", name ? name->source : ""},
                    {"codec", event.codec},
                    {"width", event.width},
                    {"height", event.height}});
  }
  return list;
}

Json clip_json(const store::Clip& clip) {
  return {{"id", clip.id},
          {"point", clip.point},
          {"from_ms", clip.from_ms},
          {"to_ms", clip.to_ms},
          {"sources", clip.sources},
          {"mark", optional_text(clip.mark_id)},
          {"duration_ms", clip.to_ms - clip.from_ms}};
}

Json parts_json(const journal::LessonFolder& folder, const std::vector<std::string>& sources,
                std::optional<TimeRange> range) {
  Json json = Json::object();
  const auto begin_ms = range ? range->from.ms() : 0;
  for (const auto& source : sources) {
    const auto parts = folder.parts(source, range);
    if (!parts || parts->size() < 2) continue;
    for (const auto& part : *parts)
      json[source].push_back({{"from_ms", part.from.ms() - begin_ms}, {"to_ms", part.to.ms() - begin_ms}});
  }
  return json;
}

Json document_json(const store::Document& document) {
  return {{"id", document.id},
          {"clip", optional_text(document.clip_id)},
          {"title", document.title},
          {"media_type", document.media_type},
          {"size_bytes", document.size_bytes},
          {"sha256", document.sha256}};
}

}  // namespace shilu::portal

#include "firmware/lesson/lesson_info.h"

#include <fmt/format.h>

#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"

namespace shilu {
namespace {

constexpr std::string_view kFormat = "shilu-lesson/1";
constexpr std::size_t kMaxSources = 64;  // of a room; bounds what comparing them costs

Json to_json_value(const SourceInfo& source) {
  return Json{{"name", source.name}, {"kind", source.kind}, {"required", source.required}};
}

Result<SourceInfo> source_from(const Json& json) {
  SourceInfo source;
  SHILU_TRY(source.name, json_string(json, "name"));
  SHILU_TRY(source.kind, json_string(json, "kind"));
  SHILU_TRY(source.required, json_bool(json, "required"));
  if (!is_source_name(source.name)) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not the name of a source", source.name));
  }
  return source;
}

Status read_sources(const Json& json, LessonInfo& info) {
  SHILU_TRY(const auto sources, json_array(json, "sources"));
  if (sources.size() > kMaxSources)
    return fail(ErrorKind::kInvalidArgument, fmt::format("it names more than {} sources", kMaxSources));
  for (const auto& entry : sources) {
    SHILU_TRY(auto source, source_from(entry));
    for (const auto& other : info.sources) {
      if (other.name == source.name) {
        return fail(ErrorKind::kInvalidArgument, fmt::format("the source \"{}\" stands twice", source.name));
      }
    }
    info.sources.push_back(std::move(source));
  }
  return {};
}

Status read_clock(const Json& json, LessonInfo& info) {
  SHILU_TRY(info.start_monotonic.ns, json_int(json, "start_monotonic_ns"));
  SHILU_TRY(const auto utc, json_string(json, "start_utc"));
  SHILU_TRY(info.start_wall, wall_from_rfc3339(utc));
  SHILU_TRY(const auto clock, json_object(json, "clock"));
  SHILU_TRY(info.clock.synchronised, json_bool(clock, "synchronised"));
  SHILU_TRY(info.clock.error_ms, json_int(clock, "error_ms"));
  return {};
}

Result<LessonInfo> info_from(const Json& json) {
  LessonInfo info;
  SHILU_TRY(const auto format, json_string(json, "format"));
  if (format != kFormat) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("its format is \"{}\", not {}", format, kFormat));
  }
  SHILU_TRY(info.lesson_id, json_string(json, "lesson_id"));
  if (!is_uuid(info.lesson_id)) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not the id of a lesson", info.lesson_id));
  }
  SHILU_TRY(info.boot_id, json_string(json, "boot_id"));
  SHILU_CHECK(read_clock(json, info));
  SHILU_CHECK(read_sources(json, info));
  SHILU_TRY(const auto certificate, json_object(json, "recording_certificate"));
  info.recording_certificate = canonical_json(certificate);
  SHILU_TRY(info.software, json_string(json, "software"));
  if (json.contains("platform_nonce")) {
    SHILU_TRY(const auto nonce, json_object(json, "platform_nonce"));
    info.platform_nonce = canonical_json(nonce);
  }
  if (json.contains("planned_ms")) {
    SHILU_TRY(info.planned_ms, json_int(json, "planned_ms"));
  }
  return info;
}

}  // namespace

std::string LessonInfo::to_json() const {
  Json list = Json::array();
  for (const auto& source : sources) list.push_back(to_json_value(source));
  Json json{{"format", kFormat},
            {"lesson_id", lesson_id},
            {"boot_id", boot_id},
            {"start_monotonic_ns", start_monotonic.ns},
            {"start_utc", to_rfc3339(start_wall)},
            {"clock", {{"synchronised", clock.synchronised}, {"error_ms", clock.error_ms}}},
            {"sources", std::move(list)},
            {"recording_certificate", parse_json(recording_certificate).value_or(Json())},
            {"software", software}};
  if (!platform_nonce.empty()) json["platform_nonce"] = parse_json(platform_nonce).value_or(Json::object());
  if (planned_ms) json["planned_ms"] = *planned_ms;
  return canonical_json(json);
}

Result<LessonInfo> LessonInfo::from_json(std::string_view text) {
  auto info = parse_json(text).and_then(info_from);
  if (!info) return fail(ErrorKind::kCorrupted, info.error().within("lesson.json").message);
  return info;
}

}  // namespace shilu

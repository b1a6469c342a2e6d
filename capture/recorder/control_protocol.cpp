#include "capture/recorder/control_protocol.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "firmware/base/json_io.h"

namespace shilu::recorder {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMsPerDay = 86'400'000;
// While a lesson runs its end is not known: a mark may look ahead as far as it likes.
constexpr Nanoseconds kOpenEnd = std::chrono::hours(24 * 365);

template <typename T>
Result<T> json_number(const Json& json, std::string_view key) {
  SHILU_TRY(const auto value, json_int(json, key));
  if (value < 0 || static_cast<std::uint64_t>(value) > std::numeric_limits<T>::max()) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is out of range", key));
  }
  return static_cast<T>(value);
}

Result<Nanoseconds> look_from(const Json& json, std::string_view key) {
  const auto ms = json_int_or(json, key, std::chrono::duration_cast<milliseconds>(kDefaultLook).count());
  if (ms < 0 || ms > kMsPerDay)
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is out of range", key));
  return milliseconds(ms);
}

std::int64_t in_ms(Nanoseconds time) {
  return std::chrono::duration_cast<milliseconds>(time).count();
}

ErrorKind kind_from(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::kInternal); ++i) {
    if (to_string(static_cast<ErrorKind>(i)) == name) return static_cast<ErrorKind>(i);
  }
  return ErrorKind::kInternal;
}

Result<std::optional<std::string>> point_from(const Json& json) {
  if (!json.contains("point") || json["point"].is_null()) return std::nullopt;
  SHILU_TRY(auto point, json_string(json, "point"));
  return point;
}

}  // namespace

std::filesystem::path control_socket(const std::filesystem::path& runtime_directory) {
  return runtime_directory / "recorder.sock";
}

std::string_view control_code(std::string_view operation, ErrorKind kind) {
  const bool start = operation == "start";
  if (operation == "mark" && kind == ErrorKind::kPermissionDenied) return "private";
  if ((operation == "resume" || operation == "continue") && kind == ErrorKind::kFailedPrecondition)
    return "nothing-to-continue";
  if (operation == "redact" && kind == ErrorKind::kNotFound) return "nothing-there";
  if (kind == ErrorKind::kFailedPrecondition) return start ? "already-recording" : "not-recording";
  if (start && kind == ErrorKind::kUnavailable) return "no-picture-source";
  if (start && kind == ErrorKind::kStorageFull) return "no-space";
  return to_string(kind);
}

Json error_answer(std::string_view operation, const Error& error) {
  return {{"ok", false},
          {"error",
           {{"kind", to_string(error.kind)},
            {"message", error.message},
            {"code", control_code(operation, error.kind)}}}};
}

Result<Json> accepted(const Json& answer) {
  SHILU_TRY(const bool ok, json_bool(answer, "ok"));
  if (ok) return answer;
  SHILU_TRY(const auto error, json_object(answer, "error"));
  return fail(kind_from(json_string_or(error, "kind", "")), json_string_or(error, "message", ""));
}

Json to_json(const StartRequest& request) {
  Json json{{"op", "start"}};
  if (!request.directory.empty()) json["directory"] = request.directory.string();
  if (request.planned_ms) json["planned_ms"] = *request.planned_ms;
  if (request.subject) json["subject_sha256"] = to_hex(*request.subject);
  if (!request.platform_nonce.empty()) json["platform_nonce"] = request.platform_nonce;
  return json;
}

// The envelope of a nonce has some 600 bytes.
constexpr std::size_t kMaxNonce = 4096;

Result<StartRequest> start_request_from(const Json& json) {
  StartRequest request;
  request.directory = json_string_or(json, "directory", "");
  if (json.contains("planned_ms")) {
    SHILU_TRY(const auto planned, json_int(json, "planned_ms"));
    if (planned < 0 || planned > kMsPerDay) {
      return fail(ErrorKind::kInvalidArgument, "\"planned_ms\" lies between 0 and a day");
    }
    request.planned_ms = planned;
  }
  if (json.contains("subject_sha256")) {
    SHILU_TRY(const auto hex, json_string(json, "subject_sha256"));
    SHILU_TRY(request.subject, digest_from_hex(hex));
  }
  request.platform_nonce = json_string_or(json, "platform_nonce", "");
  if (request.platform_nonce.size() > kMaxNonce ||
      (!request.platform_nonce.empty() && !parse_json(request.platform_nonce)))
    return fail(ErrorKind::kInvalidArgument, "\"platform_nonce\" is no envelope");
  return request;
}

Json to_json(const MarkRequest& request) {
  return {{"op", "mark"},
          {"id", request.id},
          {"point", request.point ? Json(*request.point) : Json()},
          {"pressed_monotonic_ns", request.pressed.ns},
          {"look_back_ms", in_ms(request.look_back)},
          {"look_ahead_ms", in_ms(request.look_ahead)}};
}

Result<MarkRequest> mark_request_from(const Json& json) {
  MarkRequest request;
  SHILU_TRY(request.id, json_string(json, "id"));
  SHILU_TRY(request.point, point_from(json));
  SHILU_TRY(request.pressed.ns, json_int(json, "pressed_monotonic_ns"));
  SHILU_TRY(request.look_back, look_from(json, "look_back_ms"));
  SHILU_TRY(request.look_ahead, look_from(json, "look_ahead_ms"));
  return request;
}

Json to_json(const RedactRequest& request) {
  Json json{{"op", "redact"}, {"from_ms", request.range.from.ms()}, {"to_ms", request.range.to.ms()}};
  if (!request.lesson_id.empty()) json["lesson_id"] = request.lesson_id;
  if (request.last) json["last_ms"] = in_ms(*request.last);
  if (request.subject) json["subject_sha256"] = to_hex(*request.subject);
  return json;
}

Result<RedactRequest> redact_request_from(const Json& json) {
  RedactRequest request;
  request.lesson_id = json_string_or(json, "lesson_id", "");
  if (json.contains("subject_sha256")) {
    SHILU_TRY(const auto hex, json_string(json, "subject_sha256"));
    SHILU_TRY(request.subject, digest_from_hex(hex));
  }
  if (json.contains("last_ms")) {
    SHILU_TRY(const auto last, json_int(json, "last_ms"));
    if (last <= 0 || last > kMsPerDay)
      return fail(ErrorKind::kInvalidArgument, "\"last_ms\" is out of range");
    request.last = milliseconds(last);
    return request;
  }
  SHILU_TRY(const auto from, json_int(json, "from_ms"));
  SHILU_TRY(const auto to, json_int(json, "to_ms"));
  if (from < -kMsPerDay || to > kMsPerDay || to <= from) {
    return fail(ErrorKind::kInvalidArgument, "\"from_ms\" lies before \"to_ms\", both inside a day");
  }
  request.range = {LessonTime::from_ms(from), LessonTime::from_ms(to)};
  return request;
}

Json to_json(const StartedLesson& lesson) {
  return {{"ok", true},
          {"lesson_id", lesson.id},
          {"directory", lesson.directory.string()},
          {"start_monotonic_ns", lesson.start.ns},
          {"start_utc", lesson.start_utc}};
}

Result<StartedLesson> started_lesson_from(const Json& json) {
  StartedLesson lesson;
  SHILU_TRY(lesson.id, json_string(json, "lesson_id"));
  SHILU_TRY(lesson.directory, json_string(json, "directory"));
  SHILU_TRY(lesson.start.ns, json_int(json, "start_monotonic_ns"));
  SHILU_TRY(lesson.start_utc, json_string(json, "start_utc"));
  return lesson;
}

Json to_json(const StoppedLesson& lesson) {
  return {{"ok", true}, {"lesson_id", lesson.id}, {"duration_ms", lesson.duration_ms}};
}

Result<StoppedLesson> stopped_lesson_from(const Json& json) {
  StoppedLesson lesson;
  SHILU_TRY(lesson.id, json_string(json, "lesson_id"));
  SHILU_TRY(lesson.duration_ms, json_int(json, "duration_ms"));
  return lesson;
}

Json to_json(const MarkAnswer& answer) {
  const auto range = answer.mark.range(kOpenEnd);
  return {{"ok", true},
          {"new", answer.is_new},
          {"mark",
           {{"id", answer.mark.id},
            {"point", answer.mark.point ? Json(*answer.mark.point) : Json()},
            {"at_ms", answer.mark.at.ms()},
            {"from_ms", range.from.ms()},
            {"to_ms", range.to.ms()},
            {"undone", answer.mark.undone}}}};
}

Result<MarkNotice> mark_notice_from(const Json& json) {
  MarkNotice notice;
  SHILU_TRY(notice.is_new, json_bool(json, "new"));
  SHILU_TRY(const auto mark, json_object(json, "mark"));
  SHILU_TRY(notice.id, json_string(mark, "id"));
  SHILU_TRY(notice.point, point_from(mark));
  SHILU_TRY(notice.at_ms, json_int(mark, "at_ms"));
  SHILU_TRY(notice.from_ms, json_int(mark, "from_ms"));
  SHILU_TRY(notice.to_ms, json_int(mark, "to_ms"));
  SHILU_TRY(notice.undone, json_bool(mark, "undone"));
  return notice;
}

Json to_json(const FragmentNotice& notice) {
  return {{"event", "fragment"},         {"lesson_id", notice.lesson_id},
          {"track", notice.track},       {"epoch", notice.epoch},
          {"offset", notice.offset},     {"size", notice.size},
          {"sequence", notice.sequence}, {"key", notice.key}};
}

Result<FragmentNotice> fragment_notice_from(const Json& json) {
  FragmentNotice notice;
  SHILU_TRY(notice.lesson_id, json_string(json, "lesson_id"));
  SHILU_TRY(notice.track, json_string(json, "track"));
  SHILU_TRY(notice.epoch, json_number<std::uint16_t>(json, "epoch"));
  SHILU_TRY(notice.offset, json_number<std::uint64_t>(json, "offset"));
  SHILU_TRY(notice.size, json_number<std::uint32_t>(json, "size"));
  SHILU_TRY(notice.sequence, json_number<std::uint32_t>(json, "sequence"));
  SHILU_TRY(notice.key, json_bool(json, "key"));
  return notice;
}

Json to_json(const EpochNotice& notice) {
  return {{"event", "epoch"},      {"lesson_id", notice.lesson_id}, {"track", notice.track},
          {"epoch", notice.epoch}, {"codec", notice.codec},         {"header_size", notice.header_size}};
}

Result<EpochNotice> epoch_notice_from(const Json& json) {
  EpochNotice notice;
  SHILU_TRY(notice.lesson_id, json_string(json, "lesson_id"));
  SHILU_TRY(notice.track, json_string(json, "track"));
  SHILU_TRY(notice.epoch, json_number<std::uint16_t>(json, "epoch"));
  SHILU_TRY(notice.codec, json_string(json, "codec"));
  SHILU_TRY(notice.header_size, json_number<std::uint32_t>(json, "header_size"));
  return notice;
}

}  // namespace shilu::recorder

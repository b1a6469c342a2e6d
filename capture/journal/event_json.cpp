#include "capture/journal/event_json.h"

#include <fmt/format.h>

#include <limits>

#include "firmware/base/json_io.h"

namespace shilu::journal {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// 10^9 ms are eleven days: what keeps ms * 10^6 far from the end of 64 bits.
constexpr std::int64_t kMaxMs = 1'000'000'000;
constexpr std::int64_t kMaxNs = kMaxMs * 1'000'000;

tl::unexpected<Error> out_of_range(std::string_view name) {
  return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is out of its range", name));
}

template <typename T>
Status read_number(const Json& json, std::string_view name, T& out) {
  SHILU_TRY(const auto value, json_int(json, name));
  if (!std::in_range<T>(value)) return out_of_range(name);
  out = static_cast<T>(value);
  return {};
}

Status read_time(const Json& json, std::string_view name, LessonTime& out) {
  SHILU_TRY(out.ns, json_int(json, name));
  if (out.ns < -kMaxNs || out.ns > kMaxNs) return out_of_range(name);
  return {};
}

Status read_look(const Json& json, std::string_view name, Nanoseconds& out) {
  SHILU_TRY(const auto ms, json_int(json, name));
  if (ms < 0 || ms > kMaxMs) return out_of_range(name);
  out = std::chrono::milliseconds(ms);
  return {};
}

Status read_digest(const Json& json, std::string_view name, Digest& out) {
  SHILU_TRY(const auto text, json_string(json, name));
  SHILU_TRY(out, digest_from_hex(text));
  return {};
}

std::int64_t to_ms(Nanoseconds time) {
  return time.count() / 1'000'000;
}

// What each event adds to `event` and `at_ns`.
Json members(const EpochEvent& e) {
  Json json{{"track", e.track},
            {"name", e.name},
            {"epoch", e.epoch},
            {"codec", e.codec},
            {"timescale", e.timescale},
            {"nominal_ticks", e.nominal_ticks},
            {"header_size", e.header_size},
            {"header_sha256", to_hex(e.header_sha256)}};
  if (kind_of(e) == MediaKind::kVideo) {
    json["width"] = e.width;
    json["height"] = e.height;
  } else {
    json["sample_rate"] = e.sample_rate;
    json["channels"] = e.channels;
  }
  return json;
}
Json members(const StartEvent& e) {
  return {{"utc", e.utc}};
}
Json members(const MarkEvent& e) {
  Json json{{"id", e.mark.id},
            {"look_back_ms", to_ms(e.mark.look_back)},
            {"look_ahead_ms", to_ms(e.mark.look_ahead)},
            {"point", nullptr}};
  if (e.mark.point) json["point"] = *e.mark.point;
  return json;
}
Json members(const MarkUndoneEvent& e) {
  return {{"id", e.id}};
}
Json members(const GapEvent& e) {
  return {{"track", e.track}, {"from_ns", e.from.ns}, {"to_ns", e.to.ns}, {"reason", e.reason}};
}
Json members(const ClockEvent& e) {
  return {{"utc", e.utc}, {"synchronised", e.synchronised}, {"error_ms", e.error_ms}};
}
Json members(const SignInEvent& e) {
  return {{"subject_sha256", to_hex(e.subject_sha256)}};
}
Json members(const RecoveredEvent& e) {
  return {{"lost_bytes", e.lost_bytes}, {"records", e.records}};
}
Json members(const RebaseEvent& e) {
  return {{"boot_id", e.boot_id},
          {"start_monotonic_ns", e.start_monotonic.ns},
          {"synchronised", e.synchronised},
          {"error_ms", e.error_ms},
          {"reason", e.reason}};
}
Json members(const PrivateBeginEvent&) {
  return Json::object();
}
Json members(const PrivateEvent& e) {
  return {{"from_ns", e.from.ns}, {"to_ns", e.to.ns}};
}
Json members(const StoppingEvent& e) {
  return {{"duration_ms", e.duration_ms}, {"reason", e.reason}};
}
Json members(const ContinuedEvent& e) {
  return {{"from_ns", e.from.ns}, {"to_ns", e.to.ns}};
}
Json members(const ExtendedEvent& e) {
  return {{"planned_ms", e.planned_ms}};
}
Json members(const RedactionEvent& e) {
  Json stretches = Json::array();
  for (const auto& stretch : e.stretches) {
    stretches.push_back({{"track", stretch.track},
                         {"first", stretch.first},
                         {"last", stretch.last},
                         {"from_ns", stretch.from.ns},
                         {"to_ns", stretch.to.ns}});
  }
  return {{"from_ns", e.from.ns},
          {"to_ns", e.to.ns},
          {"subject_sha256", e.subject_sha256 ? Json(to_hex(*e.subject_sha256)) : Json()},
          {"after_stop", e.after_stop},
          {"stretches", std::move(stretches)}};
}
Json members(const RedactionDoneEvent& e) {
  return {{"after_stop", e.after_stop}};
}
Json members(const StopEvent& e) {
  return {{"duration_ms", e.duration_ms}, {"reason", e.reason}};
}
Json members(const OtherEvent&) {
  return Json::object();
}

std::string name_of(const EventBody& body) {
  return std::visit(Overloaded{[](const EpochEvent&) { return std::string("epoch"); },
                               [](const StartEvent&) { return std::string("start"); },
                               [](const MarkEvent&) { return std::string("mark"); },
                               [](const MarkUndoneEvent&) { return std::string("mark-undone"); },
                               [](const GapEvent&) { return std::string("gap"); },
                               [](const ClockEvent&) { return std::string("clock"); },
                               [](const SignInEvent&) { return std::string("sign-in"); },
                               [](const RecoveredEvent&) { return std::string("recovered"); },
                               [](const RebaseEvent&) { return std::string("rebase"); },
                               [](const PrivateBeginEvent&) { return std::string("private-begin"); },
                               [](const PrivateEvent&) { return std::string("private"); },
                               [](const StoppingEvent&) { return std::string("stopping"); },
                               [](const ContinuedEvent&) { return std::string("continued"); },
                               [](const ExtendedEvent&) { return std::string("extended"); },
                               [](const RedactionEvent&) { return std::string("redaction"); },
                               [](const RedactionDoneEvent&) { return std::string("redaction-done"); },
                               [](const StopEvent&) { return std::string("stop"); },
                               [](const OtherEvent& other) { return other.name; }},
                    body);
}

Result<EventBody> read_epoch(const Json& json) {
  EpochEvent e;
  SHILU_CHECK(read_number(json, "track", e.track));
  SHILU_TRY(e.name, json_string(json, "name"));
  SHILU_TRY(const auto name, parse_track_name(e.name));
  SHILU_CHECK(read_number(json, "epoch", e.epoch));
  SHILU_TRY(e.codec, json_string(json, "codec"));
  SHILU_CHECK(read_number(json, "timescale", e.timescale));
  if (e.timescale == 0) return out_of_range("timescale");
  SHILU_CHECK(read_number(json, "nominal_ticks", e.nominal_ticks));
  SHILU_CHECK(read_number(json, "header_size", e.header_size));
  SHILU_CHECK(read_digest(json, "header_sha256", e.header_sha256));
  if (name.kind == MediaKind::kVideo) {
    SHILU_CHECK(read_number(json, "width", e.width));
    SHILU_CHECK(read_number(json, "height", e.height));
  } else {
    SHILU_CHECK(read_number(json, "sample_rate", e.sample_rate));
    SHILU_CHECK(read_number(json, "channels", e.channels));
  }
  return e;
}

Result<EventBody> read_start(const Json& json) {
  StartEvent e;
  SHILU_TRY(e.utc, json_string(json, "utc"));
  return e;
}

Result<EventBody> read_mark(const Json& json) {
  MarkEvent e;
  SHILU_TRY(e.mark.id, json_string(json, "id"));
  if (!json.contains("point")) return fail(ErrorKind::kCorrupted, "\"point\" is missing");
  if (!json["point"].is_null()) {
    SHILU_TRY(e.mark.point, json_string(json, "point"));
  }
  SHILU_CHECK(read_time(json, "at_ns", e.mark.at));
  SHILU_CHECK(read_look(json, "look_back_ms", e.mark.look_back));
  SHILU_CHECK(read_look(json, "look_ahead_ms", e.mark.look_ahead));
  return e;
}

Result<EventBody> read_mark_undone(const Json& json) {
  MarkUndoneEvent e;
  SHILU_TRY(e.id, json_string(json, "id"));
  return e;
}

Result<EventBody> read_gap(const Json& json) {
  GapEvent e;
  SHILU_TRY(e.track, json_string(json, "track"));
  SHILU_CHECK(parse_track_name(e.track).map([](const TrackName&) {}));
  SHILU_CHECK(read_time(json, "from_ns", e.from));
  SHILU_CHECK(read_time(json, "to_ns", e.to));
  SHILU_TRY(e.reason, json_string(json, "reason"));
  if (e.to < e.from) return fail(ErrorKind::kCorrupted, "the gap ends before it begins");
  return e;
}

Result<EventBody> read_clock(const Json& json) {
  ClockEvent e;
  SHILU_TRY(e.utc, json_string(json, "utc"));
  SHILU_TRY(e.synchronised, json_bool(json, "synchronised"));
  SHILU_TRY(e.error_ms, json_int(json, "error_ms"));
  return e;
}

Result<EventBody> read_sign_in(const Json& json) {
  SignInEvent e;
  SHILU_CHECK(read_digest(json, "subject_sha256", e.subject_sha256));
  return e;
}

Result<EventBody> read_recovered(const Json& json) {
  RecoveredEvent e;
  SHILU_CHECK(read_number(json, "lost_bytes", e.lost_bytes));
  SHILU_CHECK(read_number(json, "records", e.records));
  return e;
}

Result<EventBody> read_rebase(const Json& json) {
  RebaseEvent e;
  SHILU_TRY(e.boot_id, json_string(json, "boot_id"));
  SHILU_TRY(e.start_monotonic.ns, json_int(json, "start_monotonic_ns"));
  SHILU_TRY(e.synchronised, json_bool(json, "synchronised"));
  SHILU_TRY(e.error_ms, json_int(json, "error_ms"));
  SHILU_TRY(e.reason, json_string(json, "reason"));
  return e;
}

// "from_ns" and "to_ns" of anything that lasts.
Status read_borders(const Json& json, LessonTime& from, LessonTime& to) {
  SHILU_CHECK(read_time(json, "from_ns", from));
  SHILU_CHECK(read_time(json, "to_ns", to));
  if (to < from) return fail(ErrorKind::kCorrupted, "it ends before it begins");
  return {};
}

Result<EventBody> read_private_begin(const Json&) {
  return PrivateBeginEvent{};
}

Result<EventBody> read_private(const Json& json) {
  PrivateEvent e;
  SHILU_CHECK(read_borders(json, e.from, e.to));
  return e;
}

Status read_end(const Json& json, std::int64_t& duration_ms, std::string& reason) {
  SHILU_TRY(duration_ms, json_int(json, "duration_ms"));
  if (duration_ms < 0 || duration_ms > kMaxMs) return out_of_range("duration_ms");
  SHILU_TRY(reason, json_string(json, "reason"));
  return {};
}

Result<EventBody> read_stopping(const Json& json) {
  StoppingEvent e;
  SHILU_CHECK(read_end(json, e.duration_ms, e.reason));
  return e;
}

Result<EventBody> read_continued(const Json& json) {
  ContinuedEvent e;
  SHILU_CHECK(read_borders(json, e.from, e.to));
  return e;
}

Result<EventBody> read_extended(const Json& json) {
  ExtendedEvent e;
  SHILU_TRY(e.planned_ms, json_int(json, "planned_ms"));
  if (e.planned_ms < 0 || e.planned_ms > kMaxMs) return out_of_range("planned_ms");
  return e;
}

Result<RedactedStretch> read_stretch(const Json& json) {
  RedactedStretch stretch;
  SHILU_TRY(stretch.track, json_string(json, "track"));
  SHILU_CHECK(parse_track_name(stretch.track).map([](const TrackName&) {}));
  SHILU_CHECK(read_number(json, "first", stretch.first));
  SHILU_CHECK(read_number(json, "last", stretch.last));
  if (stretch.last < stretch.first) return out_of_range("last");
  SHILU_CHECK(read_borders(json, stretch.from, stretch.to));
  return stretch;
}

Result<EventBody> read_redaction(const Json& json) {
  RedactionEvent e;
  SHILU_CHECK(read_borders(json, e.from, e.to));
  if (!json.contains("subject_sha256")) return fail(ErrorKind::kCorrupted, "\"subject_sha256\" is missing");
  if (!json["subject_sha256"].is_null()) {
    Digest subject{};
    SHILU_CHECK(read_digest(json, "subject_sha256", subject));
    e.subject_sha256 = subject;
  }
  SHILU_TRY(e.after_stop, json_bool(json, "after_stop"));
  SHILU_TRY(const auto stretches, json_array(json, "stretches"));
  for (const auto& one : stretches) {
    SHILU_TRY(auto stretch, read_stretch(one));
    e.stretches.push_back(std::move(stretch));
  }
  if (e.stretches.empty()) return out_of_range("stretches");
  return e;
}

Result<EventBody> read_redaction_done(const Json& json) {
  RedactionDoneEvent e;
  SHILU_TRY(e.after_stop, json_bool(json, "after_stop"));
  return e;
}

Result<EventBody> read_stop(const Json& json) {
  StopEvent e;
  SHILU_CHECK(read_end(json, e.duration_ms, e.reason));
  return e;
}

Result<EventBody> read_body(const std::string& name, const Json& json) {
  using Reader = Result<EventBody> (*)(const Json&);
  static constexpr std::pair<std::string_view, Reader> kReaders[] = {{"epoch", read_epoch},
                                                                     {"start", read_start},
                                                                     {"mark", read_mark},
                                                                     {"mark-undone", read_mark_undone},
                                                                     {"gap", read_gap},
                                                                     {"clock", read_clock},
                                                                     {"sign-in", read_sign_in},
                                                                     {"recovered", read_recovered},
                                                                     {"rebase", read_rebase},
                                                                     {"private-begin", read_private_begin},
                                                                     {"private", read_private},
                                                                     {"stopping", read_stopping},
                                                                     {"continued", read_continued},
                                                                     {"extended", read_extended},
                                                                     {"redaction", read_redaction},
                                                                     {"redaction-done", read_redaction_done},
                                                                     {"stop", read_stop}};
  for (const auto& [known, reader] : kReaders) {
    if (name == known) return reader(json);
  }
  return OtherEvent{name};
}

Result<EventRecord> read_event(const Json& json) {
  EventRecord event;
  SHILU_TRY(const auto name, json_string(json, "event"));
  SHILU_CHECK(read_time(json, "at_ns", event.at));
  auto body = read_body(name, json);
  if (!body) return fail(body.error().within(fmt::format("event \"{}\"", name)));
  event.body = std::move(*body);
  return event;
}

}  // namespace

MediaKind kind_of(const EpochEvent& event) {
  return event.name.ends_with(".video") ? MediaKind::kVideo : MediaKind::kAudio;
}

Json event_to_json(const EventRecord& event) {
  auto json = std::visit([](const auto& body) { return members(body); }, event.body);
  const auto* mark = std::get_if<MarkEvent>(&event.body);
  json["event"] = name_of(event.body);
  json["at_ns"] =
      mark != nullptr ? mark->mark.at.ns : event.at.ns;  // of a mark the press counts, not its writing down
  return json;
}

Result<EventRecord> event_from_json(std::string_view text) {
  auto event = parse_json(text).and_then(read_event);
  if (!event) return fail(ErrorKind::kCorrupted, event.error().message);
  return event;
}

}  // namespace shilu::journal

#include "upload/evidence/web_vtt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kHead = "WEBVTT\n";
constexpr std::string_view kArrow = " --> ";
constexpr std::string_view kTimeShape = "00:00:00.000";

tl::unexpected<Error> corrupted(std::string_view what) {
  return fail(ErrorKind::kCorrupted, fmt::format("the marks are not written as we write them: {}", what));
}

std::string time_text(std::int64_t ms) {
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

// Cue text must not hold "-->", and a text in JSON may.
std::string payload_text(const MarkCue& cue) {
  Json json{{"at_ms", cue.at_ms}, {"point", nullptr}};
  if (cue.point) json["point"] = *cue.point;
  std::string text = canonical_json(json);
  for (std::size_t at = text.find('>'); at != text.npos; at = text.find('>', at))
    text.replace(at, 1, "\\u003e");
  return text;
}

// What stands before the next newline, taken off.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

Result<std::int64_t> parse_time(std::string_view text) {
  std::int64_t parts[4] = {};
  constexpr std::size_t kSizes[4] = {2, 2, 2, 3};
  if (text.size() != kTimeShape.size()) return corrupted("a time of another form");
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string_view part = text.substr(i * 3, kSizes[i]);
    const bool digits = part.find_first_not_of("0123456789") == part.npos;
    if (!digits) return corrupted("a time of another form");
    std::from_chars(part.data(), part.data() + part.size(), parts[i]);
  }
  return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3];
}

Result<MarkCue> take_cue(std::string_view& rest) {
  MarkCue cue;
  cue.id = take_line(rest);
  const std::string_view times = take_line(rest);
  const std::size_t arrow = times.find(kArrow);
  if (arrow == times.npos) return corrupted("a cue without its times");
  SHILU_TRY(cue.from_ms, parse_time(times.substr(0, arrow)));
  SHILU_TRY(cue.to_ms, parse_time(times.substr(arrow + kArrow.size())));
  SHILU_TRY(const Json json, parse_json(take_line(rest)));
  SHILU_TRY(cue.at_ms, json_int(json, "at_ms"));
  if (json.contains("point") && json["point"].is_string()) cue.point = json["point"].get<std::string>();
  return cue;
}

}  // namespace

std::vector<MarkCue> cues_of(std::span<const Mark> marks, TimeRange clip, Nanoseconds lesson_duration) {
  std::vector<MarkCue> cues;
  for (const Mark& mark : marks) {
    if (mark.undone) continue;
    const TimeRange whole = mark.range(lesson_duration);
    const TimeRange inside{std::max(whole.from, clip.from), std::min(whole.to, clip.to)};
    const auto in_clip = [&](LessonTime time) { return time.ms() - clip.from.ms(); };
    if (in_clip(inside.to) <= in_clip(inside.from)) continue;
    cues.push_back({mark.id, in_clip(inside.from), in_clip(inside.to), in_clip(mark.at), mark.point});
  }
  std::stable_sort(cues.begin(), cues.end(),
                   [](const MarkCue& a, const MarkCue& b) { return a.from_ms < b.from_ms; });
  // Ids are made by pages; what is no UUID gets a name of ours, so that no id can break a cue.
  for (std::size_t i = 0; i < cues.size(); ++i) {
    if (!is_uuid(cues[i].id)) cues[i].id = fmt::format("mark-{}", i + 1);
  }
  return cues;
}

std::string web_vtt_text(std::span<const MarkCue> cues) {
  std::string text(kHead);
  for (const MarkCue& cue : cues) {
    text += fmt::format("\n{}\n{}{}{}\n{}\n", cue.id, time_text(cue.from_ms), kArrow, time_text(cue.to_ms),
                        payload_text(cue));
  }
  return text;
}

Result<std::vector<MarkCue>> parse_web_vtt(std::string_view text) {
  if (!text.starts_with(kHead)) return corrupted("it does not begin with WEBVTT");
  std::vector<MarkCue> cues;
  for (std::string_view rest = text.substr(kHead.size()); !rest.empty();) {
    if (!take_line(rest).empty()) return corrupted("no empty line stands before a cue");
    auto cue = take_cue(rest);
    if (!cue) return fail(ErrorKind::kCorrupted, cue.error().message);
    cues.push_back(std::move(*cue));
  }
  if (web_vtt_text(cues) != text) return corrupted("written again it is another text");
  return cues;
}

}  // namespace shilu::evidence

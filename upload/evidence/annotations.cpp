#include "upload/evidence/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "firmware/base/json_io.h"
#include "upload/evidence/file_names.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kContext = "http://www.w3.org/ns/anno.jsonld";
constexpr std::string_view kMediaFragments = "http://www.w3.org/TR/media-frags/";
constexpr std::string_view kOwnName = "annotations.jsonld";
constexpr std::string_view kPayload = "data/";

tl::unexpected<Error> corrupted(std::string_view what) {
  return fail(ErrorKind::kCorrupted, fmt::format("the notes are not written as we write them: {}", what));
}

std::string seconds_text(std::int64_t ms) {
  return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

// Names inside the file are relative to it: both stand in data/.
std::string relative(std::string_view file) {
  return std::string(file.substr(kPayload.size()));
}

Json target_json(const ClaimedPart& part, std::int64_t at_ms, std::optional<std::int64_t> to_ms) {
  std::string moment = "t=" + seconds_text(at_ms);
  if (to_ms) moment += "," + seconds_text(*to_ms);
  return {{"source", relative(part.file.file)},
          {"selector",
           {{"type", "FragmentSelector"}, {"conformsTo", kMediaFragments}, {"value", std::move(moment)}}}};
}

// The parts that show a moment, one of each source.
std::vector<const ClaimedPart*> parts_at(const ClaimedClip& clip, std::int64_t lesson_ms) {
  std::vector<const ClaimedPart*> parts;
  for (const ClaimedSource& source : clip.sources) {
    for (const ClaimedPart& part : source.parts) {
      if (lesson_ms >= part.range.from.ms() && lesson_ms < part.range.to.ms()) parts.push_back(&part);
    }
  }
  return parts;
}

// One target for each source. A stretch of time ends with the first of the parts that it begins in, so that
// all targets say the same.
Json targets_json(const ClaimedClip& clip, const Note& note) {
  const std::int64_t at = clip.range.from.ms() + note.at_ms;
  const auto parts = parts_at(clip, at);
  auto to = note.to_ms;
  if (to) *to += clip.range.from.ms();
  for (const ClaimedPart* part : parts) {
    if (to) to = std::min(*to, part->range.to.ms());
  }
  Json targets = Json::array();
  for (const ClaimedPart* part : parts) {
    const std::int64_t start = part->range.from.ms();
    targets.push_back(target_json(*part, at - start, to ? std::optional(*to - start) : std::nullopt));
  }
  return targets;
}

Json note_json(const Evidence& evidence, const Note& note, std::size_t index) {
  Json json{{"id", fmt::format("{}#note-{}", kOwnName, index)},
            {"type", "Annotation"},
            {"motivation", "commenting"},
            {"body", {{"type", "TextualBody"}, {"format", "text/plain"}, {"value", note.text}}},
            {"target", targets_json(evidence.clips[note.clip - 1], note)}};
  return json;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t whole = 0, ms = 0;
  const std::size_t point = text.find('.');
  if (point == text.npos || point > 9 || text.size() != point + 4) return std::nullopt;
  const auto read = [](std::string_view digits, std::int64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!read(text.substr(0, point), whole) || !read(text.substr(point + 1), ms)) return std::nullopt;
  return whole * 1000 + ms;
}

struct Place {
  std::size_t clip = 0;
  const ClaimedPart* part = nullptr;
};
Place find_part(const Evidence& evidence, std::string_view source) {
  for (std::size_t i = 0; i < evidence.clips.size(); ++i) {
    for (const ClaimedSource& one : evidence.clips[i].sources) {
      for (const ClaimedPart& part : one.parts) {
        if (relative(part.file.file) == source) return {i + 1, &part};
      }
    }
  }
  return {};
}

// The first target tells the moment; the others must follow from it.
Result<Note> read_note(const Json& json, const Evidence& evidence) {
  Note note;
  SHILU_TRY(const Json body, json_object(json, "body"));
  SHILU_TRY(note.text, json_string(body, "value"));
  SHILU_TRY(const Json targets, json_array(json, "target"));
  if (targets.empty()) return corrupted("a note that points nowhere");
  SHILU_TRY(const std::string source, json_string(targets[0], "source"));
  const Place place = find_part(evidence, source);
  if (place.part == nullptr) return corrupted(fmt::format("\"{}\" is no file of a clip", source));
  SHILU_TRY(const Json selector, json_object(targets[0], "selector"));
  SHILU_TRY(const std::string value, json_string(selector, "value"));
  if (!value.starts_with("t=")) return corrupted("a note without its moment");
  const std::string_view moment = std::string_view(value).substr(2);
  const std::size_t comma = moment.find(',');
  const auto at = parse_seconds(moment.substr(0, comma));
  if (!at) return corrupted("a moment of another form");
  const std::int64_t start = place.part->range.from.ms() - evidence.clips[place.clip - 1].range.from.ms();
  note.clip = place.clip;
  note.at_ms = start + *at;
  if (comma == moment.npos) return note;
  const auto to = parse_seconds(moment.substr(comma + 1));
  if (!to) return corrupted("a moment of another form");
  note.to_ms = start + *to;
  return note;
}

Result<std::vector<Note>> read_notes(const Json& json, const Evidence& evidence) {
  SHILU_TRY(const Json page, json_object(json, "first"));
  SHILU_TRY(const Json items, json_array(page, "items"));
  std::vector<Note> notes;
  for (const Json& item : items) {
    SHILU_TRY(Note note, read_note(item, evidence));
    notes.push_back(std::move(note));
  }
  SHILU_CHECK(check_notes(evidence, notes));
  return notes;
}

}  // namespace

Status check_notes(const Evidence& evidence, const std::vector<Note>& notes) {
  const auto invalid = [](std::string message) {
    return fail(ErrorKind::kInvalidArgument, std::move(message));
  };
  if (notes.size() > kMaxNotes) return invalid(fmt::format("a package holds at most {} notes", kMaxNotes));
  for (const Note& note : notes) {
    if (note.clip == 0 || note.clip > evidence.clips.size()) return invalid("a note is of no clip");
    const TimeRange range = evidence.clips[note.clip - 1].range;
    const std::int64_t length = range.to.ms() - range.from.ms();
    const std::int64_t end = note.to_ms.value_or(note.at_ms + 1);
    if (note.at_ms < 0 || end <= note.at_ms || end > length)
      return invalid(fmt::format("a note at {} s lies outside clip {}",
                                 seconds_text(std::max<std::int64_t>(note.at_ms, 0)), note.clip));
    if (note.text.empty() || note.text.size() > kMaxNoteBytes)
      return invalid(fmt::format("a note has 1 to {} bytes of text", kMaxNoteBytes));
  }
  return {};
}

std::string annotations_text(const Evidence& evidence, const std::vector<Note>& notes) {
  Json items = Json::array();
  for (std::size_t i = 0; i < notes.size(); ++i) items.push_back(note_json(evidence, notes[i], i + 1));
  return canonical_json({{"@context", kContext},
                         {"id", kOwnName},
                         {"type", "AnnotationCollection"},
                         {"total", notes.size()},
                         {"first",
                          {{"id", fmt::format("{}#notes", kOwnName)},
                           {"type", "AnnotationPage"},
                           {"partOf", kOwnName},
                           {"startIndex", 0},
                           {"items", std::move(items)}}}});
}

Result<std::vector<Note>> parse_annotations(std::string_view text, const Evidence& evidence) {
  auto notes = parse_json(text).and_then([&](const Json& json) { return read_notes(json, evidence); });
  if (!notes) return fail(ErrorKind::kCorrupted, notes.error().message);
  if (annotations_text(evidence, *notes) != text) return corrupted("written again it is another text");
  return notes;
}

}  // namespace shilu::evidence

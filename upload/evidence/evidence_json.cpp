#include "upload/evidence/evidence_json.h"

#include <fmt/format.h>

#include <set>

#include "firmware/base/json_io.h"
#include "upload/evidence/file_names.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-evidence/1";
// As for the journal's events: what keeps ms * 10^6 far from the end of 64 bits.
constexpr std::int64_t kMaxMs = 1'000'000'000;

void put_file(Json& json, const ClaimedFile& file) {
  json["file"] = file.file;
  json["sha256"] = to_hex(file.sha256);
  json["size_bytes"] = file.size_bytes;
}

void put_range(Json& json, TimeRange range) {
  json["from_ms"] = range.from.ms();
  json["to_ms"] = range.to.ms();
}

Json source_json(const ClaimedSource& source) {
  Json parts = Json::array();
  for (const ClaimedPart& part : source.parts) {
    Json json;
    put_range(json, part.range);
    put_file(json, part.file);
    parts.push_back(std::move(json));
  }
  return {{"name", source.name}, {"parts", std::move(parts)}};
}

Json clip_json(const ClaimedClip& clip, std::size_t index) {
  Json sources = Json::array();
  for (const ClaimedSource& source : clip.sources) sources.push_back(source_json(source));
  return {{"index", index},
          {"from_ms", clip.range.from.ms()},
          {"to_ms", clip.range.to.ms()},
          {"piece", clip.piece},
          {"sources", std::move(sources)},
          {"marks", marks_file(index)},
          {"proof", proof_file(index)}};
}

Json document_json(const ClaimedDocument& document, std::size_t index) {
  Json json{{"index", index}, {"title", document.title}, {"media_type", document.media_type}};
  put_file(json, document.file);
  return json;
}

Json derivative_json(const ClaimedDerivative& derivative, std::size_t index) {
  Json json{{"index", index},
            {"media_type", derivative.media_type},
            {"derived_from", {{"file", derivative.from_file}, {"sha256", to_hex(derivative.from_sha256)}}},
            {"recipe", derivative.recipe}};
  put_file(json, derivative.file);
  return json;
}

Result<ClaimedFile> read_file_claim(const Json& json) {
  ClaimedFile file;
  SHILU_TRY(file.file, json_string(json, "file"));
  SHILU_TRY(const std::string hex, json_string(json, "sha256"));
  SHILU_TRY(file.sha256, digest_from_hex(hex));
  SHILU_TRY(const std::int64_t size, json_int(json, "size_bytes"));
  file.size_bytes = static_cast<std::uint64_t>(size);
  return file;
}

Result<TimeRange> read_range(const Json& json) {
  SHILU_TRY(const std::int64_t from, json_int(json, "from_ms"));
  SHILU_TRY(const std::int64_t to, json_int(json, "to_ms"));
  if (from < -kMaxMs || to > kMaxMs || to <= from) {
    return fail(ErrorKind::kCorrupted, fmt::format("{} ms to {} ms is no range of a lesson", from, to));
  }
  return TimeRange{LessonTime::from_ms(from), LessonTime::from_ms(to)};
}

Result<ClaimedSource> read_source(const Json& json, TimeRange clip) {
  ClaimedSource source;
  SHILU_TRY(source.name, json_string(json, "name"));
  SHILU_TRY(const Json parts, json_array(json, "parts"));
  LessonTime next = clip.from;
  for (const Json& item : parts) {
    ClaimedPart part;
    SHILU_TRY(part.range, read_range(item));
    if (part.range.from != next)
      return fail(ErrorKind::kCorrupted, "the parts of a clip do not follow each other");
    next = part.range.to;
    SHILU_TRY(part.file, read_file_claim(item));
    source.parts.push_back(std::move(part));
  }
  if (next != clip.to) return fail(ErrorKind::kCorrupted, "the parts of a clip do not reach to its end");
  return source;
}

Result<ClaimedClip> read_clip(const Json& json) {
  ClaimedClip clip;
  SHILU_TRY(clip.range, read_range(json));
  SHILU_TRY(clip.piece, json_string(json, "piece"));
  SHILU_TRY(const Json sources, json_array(json, "sources"));
  if (sources.empty()) return fail(ErrorKind::kCorrupted, "a clip has no source");
  std::set<std::string> names;
  for (const Json& item : sources) {
    SHILU_TRY(ClaimedSource source, read_source(item, clip.range));
    // Each is checked against the recording, which costs as much as the clip is long.
    if (!names.insert(source.name).second)
      return fail(ErrorKind::kCorrupted, fmt::format("a clip names the source \"{}\" twice", source.name));
    clip.sources.push_back(std::move(source));
  }
  return clip;
}

Result<ClaimedDocument> read_document(const Json& json) {
  ClaimedDocument document;
  SHILU_TRY(document.title, json_string(json, "title"));
  SHILU_TRY(document.media_type, json_string(json, "media_type"));
  SHILU_TRY(document.file, read_file_claim(json));
  return document;
}

Result<ClaimedDerivative> read_derivative(const Json& json) {
  ClaimedDerivative derivative;
  SHILU_TRY(derivative.media_type, json_string(json, "media_type"));
  SHILU_TRY(derivative.file, read_file_claim(json));
  SHILU_TRY(const Json from, json_object(json, "derived_from"));
  SHILU_TRY(derivative.from_file, json_string(from, "file"));
  SHILU_TRY(const std::string hex, json_string(from, "sha256"));
  SHILU_TRY(derivative.from_sha256, digest_from_hex(hex));
  SHILU_TRY(derivative.recipe, json_string(json, "recipe"));
  return derivative;
}

Status read_who_and_what(const Json& json, Evidence& evidence) {
  SHILU_TRY(evidence.software, json_string(json, "software"));
  SHILU_TRY(evidence.programme, json_string(json, "programme"));
  SHILU_TRY(evidence.catalogue, json_string(json, "catalogue"));
  SHILU_TRY(const Json point, json_object(json, "point"));
  SHILU_TRY(evidence.point_code, json_string(point, "code"));
  SHILU_TRY(evidence.point_name, json_string(point, "name"));
  SHILU_TRY(const Json teacher, json_object(json, "teacher"));
  SHILU_TRY(evidence.pseudonym, json_string(teacher, "pseudonym"));
  SHILU_TRY(evidence.binding, json_string(teacher, "binding"));
  if (evidence.binding != kSignedIn && evidence.binding != kAsserted) {
    return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is no binding of a teacher", evidence.binding));
  }
  return {};
}

Status read_lesson(const Json& json, Evidence& evidence) {
  SHILU_TRY(const Json lesson, json_object(json, "lesson"));
  SHILU_TRY(evidence.lesson_id, json_string(lesson, "lesson_id"));
  SHILU_TRY(evidence.start_utc, json_string(lesson, "start_utc"));
  SHILU_TRY(evidence.duration_ms, json_int(lesson, "duration_ms"));
  SHILU_TRY(const Json fields, json_object(json, "fields"));
  for (const auto& [name, value] : fields.items()) {
    if (!value.is_string())
      return fail(ErrorKind::kCorrupted, fmt::format("the field \"{}\" is no text", name));
    evidence.fields[name] = value.get<std::string>();
  }
  return {};
}

Result<Evidence> evidence_from(const Json& json) {
  Evidence evidence;
  SHILU_CHECK(read_who_and_what(json, evidence));
  SHILU_CHECK(read_lesson(json, evidence));
  SHILU_TRY(const Json clips, json_array(json, "clips"));
  for (const Json& item : clips) {
    SHILU_TRY(ClaimedClip clip, read_clip(item));
    if (clip.range.to.ms() > evidence.duration_ms)
      return fail(ErrorKind::kCorrupted, "a clip reaches beyond the lesson");
    evidence.clips.push_back(std::move(clip));
  }
  SHILU_TRY(const Json documents, json_array(json, "documents"));
  for (const Json& item : documents) {
    SHILU_TRY(ClaimedDocument document, read_document(item));
    evidence.documents.push_back(std::move(document));
  }
  SHILU_TRY(const Json derived, json_array(json, "derived"));
  for (const Json& item : derived) {
    SHILU_TRY(ClaimedDerivative derivative, read_derivative(item));
    evidence.derived.push_back(std::move(derivative));
  }
  return evidence;
}

}  // namespace

std::string Evidence::to_json() const {
  Json clip_list = Json::array();
  for (std::size_t i = 0; i < clips.size(); ++i) clip_list.push_back(clip_json(clips[i], i + 1));
  Json document_list = Json::array();
  for (std::size_t i = 0; i < documents.size(); ++i)
    document_list.push_back(document_json(documents[i], i + 1));
  Json derivative_list = Json::array();
  for (std::size_t i = 0; i < derived.size(); ++i)
    derivative_list.push_back(derivative_json(derived[i], i + 1));
  return canonical_json(
      {{"format", kFormat},
       {"signatures_expected", true},
       {"software", software},
       {"programme", programme},
       {"catalogue", catalogue},
       {"point", {{"code", point_code}, {"name", point_name}}},
       {"teacher", {{"pseudonym", pseudonym}, {"binding", binding}}},
       {"lesson", {{"lesson_id", lesson_id}, {"start_utc", start_utc}, {"duration_ms", duration_ms}}},
       {"fields", fields},
       {"clips", std::move(clip_list)},
       {"documents", std::move(document_list)},
       {"derived", std::move(derivative_list)},
       {"annotations", kAnnotationsFile}});
}

Result<Evidence> Evidence::from_json(std::string_view text) {
  auto evidence = parse_json(text).and_then(evidence_from);
  if (!evidence) return fail(ErrorKind::kCorrupted, evidence.error().within("evidence.json").message);
  // One text for one meaning: no member that nobody looks at, no file name of the writer's own choice for
  // marks and proofs, format and expected signatures as they must be.
  if (evidence->to_json() != text) {
    if (text.find("\"signatures_expected\":false") != text.npos) {
      return fail(ErrorKind::kCorrupted,
                  "evidence.json says that no signatures are expected, and every package has them");
    }
    return fail(ErrorKind::kCorrupted, "evidence.json is not written as format shilu-evidence/1 wants it");
  }
  return evidence;
}

}  // namespace shilu::evidence

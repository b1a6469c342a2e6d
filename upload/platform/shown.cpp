#include "upload/platform/shown.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"
#include "upload/evidence/annotations.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/proven_records.h"
#include "upload/evidence/web_vtt.h"

namespace shilu::platform {
namespace {

Json fields_json(const evidence::Evidence& evidence, const Blindfold& blindfold) {
  Json fields = Json::object();
  for (const auto& [name, value] : evidence.fields) {
    if (!evidence::is_identity_field(name)) fields[blindfold.cover(name)] = blindfold.cover(value);
  }
  return fields;
}

bool of_source(const std::string& track, const evidence::ClaimedClip& clip) {
  return std::any_of(clip.sources.begin(), clip.sources.end(),
                     [&](const auto& source) { return track.starts_with(source.name + "."); });
}

// The gaps that the recording declares inside the clip, in the clip's time.
Result<Json> gaps_json(const evidence::PackageReader& package, const evidence::ClaimedClip& clip,
                       std::size_t index) {
  SHILU_TRY(const Bytes lesson, package.read(evidence::kLessonFile));
  SHILU_TRY(const Bytes text, package.read(evidence::proof_file(index)));
  SHILU_TRY(const auto proof, evidence::ClipProof::from_json(as_text(text)));
  SHILU_TRY(const Bytes records, package.read(evidence::records_file(index)));
  SHILU_TRY(const auto proven, evidence::ProvenRecords::open(proof, records, as_text(lesson)));
  Json gaps = Json::array();
  for (const journal::GapEvent& gap : proven.gaps()) {
    const std::int64_t from = (std::max(gap.from, clip.range.from) - clip.range.from).count() / 1'000'000;
    const std::int64_t to = (std::min(gap.to, clip.range.to) - clip.range.from).count() / 1'000'000;
    if (to <= from || !of_source(gap.track, clip)) continue;
    gaps.push_back({{"track", gap.track}, {"from_ms", from}, {"to_ms", to}, {"reason", gap.reason}});
  }
  return gaps;
}

// The borders of a source's files in the clip's time: usually one.
Json parts_json(const evidence::ClaimedClip& clip) {
  Json json = Json::object();
  for (const auto& source : clip.sources) {
    for (const auto& part : source.parts) {
      json[source.name].push_back({{"from_ms", part.range.from.ms() - clip.range.from.ms()},
                                   {"to_ms", part.range.to.ms() - clip.range.from.ms()}});
    }
  }
  return json;
}

Result<Json> clips_json(const evidence::PackageReader& package, const evidence::Evidence& evidence,
                        const Blindfold& blindfold) {
  Json clips = Json::array();
  for (std::size_t i = 0; i < evidence.clips.size(); ++i) {
    const evidence::ClaimedClip& clip = evidence.clips[i];
    Json sources = Json::array();
    for (const auto& source : clip.sources) sources.push_back(source.name);
    SHILU_TRY(Json gaps, gaps_json(package, clip, i + 1));
    clips.push_back({{"index", i + 1},
                     {"sources", std::move(sources)},
                     {"parts", parts_json(clip)},
                     {"piece", blindfold.cover(clip.piece)},
                     {"duration_ms", clip.range.to.ms() - clip.range.from.ms()},
                     {"gaps", std::move(gaps)}});
  }
  return clips;
}

Json documents_json(const evidence::Evidence& evidence, const Blindfold& blindfold) {
  Json documents = Json::array();
  for (std::size_t i = 0; i < evidence.documents.size(); ++i) {
    const evidence::ClaimedDocument& document = evidence.documents[i];
    documents.push_back({{"index", i + 1},
                         {"title", blindfold.cover(document.title)},
                         {"media_type", document.media_type},
                         {"size_bytes", document.file.size_bytes}});
  }
  return documents;
}

Result<Json> marks_json(const evidence::PackageReader& package, std::size_t clips) {
  Json marks = Json::array();
  for (std::size_t i = 1; i <= clips; ++i) {
    SHILU_TRY(const Bytes text, package.read(evidence::marks_file(i)));
    SHILU_TRY(const auto cues, evidence::parse_web_vtt(as_text(text)));
    for (const evidence::MarkCue& cue : cues) {
      marks.push_back({{"clip", i},
                       {"at_ms", cue.at_ms},
                       {"from_ms", cue.from_ms},
                       {"to_ms", cue.to_ms},
                       {"point", cue.point ? Json(*cue.point) : Json(nullptr)}});
    }
  }
  return marks;
}

// What the teacher said about moments of the clips.
Result<Json> notes_json(const evidence::PackageReader& package, const evidence::Evidence& evidence,
                        const Blindfold& blindfold) {
  SHILU_TRY(const Bytes text, package.read(evidence::kAnnotationsFile));
  SHILU_TRY(const auto notes, evidence::parse_annotations(as_text(text), evidence));
  Json list = Json::array();
  for (const evidence::Note& note : notes) {
    list.push_back({{"clip", note.clip},
                    {"at_ms", note.at_ms},
                    {"to_ms", note.to_ms ? Json(*note.to_ms) : Json(nullptr)},
                    {"text", blindfold.cover(note.text)}});
  }
  return list;
}

Json proof_json(const std::vector<evidence::Fact>& facts, const Blindfold& blindfold) {
  Json proof = Json::array();
  for (const evidence::Fact& fact : facts) {
    if (fact.fact == "receipt") continue;  // of the answer to this package; assessors need none
    Json json{{"fact", fact.fact},
              {"value", fact.value},
              {"text_key", fmt::format("proof.{}.{}", fact.fact, fact.value)},
              {"detail", blindfold.cover(fact.detail)}};
    if (fact.clip != 0) json["clip"] = fact.clip;
    proof.push_back(std::move(json));
  }
  return proof;
}

}  // namespace

Result<Json> make_shown(const evidence::PackageReader& package, const evidence::Evidence& evidence,
                        const std::vector<evidence::Fact>& facts, const Blindfold& blindfold) {
  SHILU_TRY(Json clips, clips_json(package, evidence, blindfold));
  SHILU_TRY(Json marks, marks_json(package, evidence.clips.size()));
  SHILU_TRY(Json notes, notes_json(package, evidence, blindfold));
  return Json{{"fields", fields_json(evidence, blindfold)},
              {"clips", std::move(clips)},
              {"documents", documents_json(evidence, blindfold)},
              {"marks", std::move(marks)},
              {"notes", std::move(notes)},
              {"proof", proof_json(facts, blindfold)}};
}

}  // namespace shilu::platform

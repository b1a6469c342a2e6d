#include "upload/evidence/package_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "upload/evidence/file_names.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/limits.h"
#include "upload/evidence/web_vtt.h"

namespace shilu::evidence {
namespace {

class Examiner {
 public:
  Examiner(File& file, PackageScan scan) : file_(file) { found_.scan = std::move(scan); }

  PackageFindings run() {
    read_texts();
    open_seal_file();
    open_proofs();
    return std::move(found_);
  }

 private:
  const PackageIndex& index() const { return found_.scan.index; }

  // Empty where the file is missing, damaged or too large: what then does not fit is told.
  std::string text_of(std::string_view name, std::uint64_t limit) {
    const auto bytes = read_small(file_, index(), name, limit);
    return bytes ? std::string(as_text(*bytes)) : std::string();
  }

  void read_texts() {
    found_.text = {text_of(kBagitFile, kMaxSmallFile), text_of(kBagInfoFile, kMaxSmallFile),
                   text_of(kManifestFile, kMaxManifest), text_of(kTagManifestFile, kMaxManifest),
                   text_of(kAnnotationsFile, kMaxNotesFile)};
    found_.evidence_text = text_of(kEvidenceFile, kMaxJson);
    found_.evidence = Evidence::from_json(found_.evidence_text);
  }

  void open_seal_file() {
    found_.seal_is_there = index().find(kSealFile) != nullptr;
    if (!found_.seal_is_there) return;
    auto& seal = found_.seal;
    found_.seal_json = text_of(kSealFile, kMaxSmallFile);
    seal = open_seal(found_.seal_json, text_of(kSealCertificateFile, kMaxSmallFile));
    if (!seal) return;
    const Digest tags = found_.scan.found.at(std::string(kTagManifestFile)).sha256;
    if (seal->seal.name != index().name || seal->seal.tagmanifest_sha256 != tags)
      seal = fail(ErrorKind::kCorrupted, "the seal is of other contents than those that are here");
    if (seal) take_act(seal->certificate, seal->seal.sealed_utc, seal->seal.synchronised);
  }

  // A time that cannot be read is the beginning of all: before every certificate.
  void take_act(const KeyCertificate& certificate, const std::string& utc, bool synchronised) {
    found_.acts.push_back({certificate, wall_from_rfc3339(utc).value_or(WallTime{}), synchronised});
  }

  // One proof is held at a time: clips are checked as soon as theirs is open.
  void open_proofs() {
    if (!found_.evidence) return;
    const std::string lesson_json = text_of(kLessonFile, kMaxLessonJson);
    for (std::size_t i = 0; i < found_.evidence->clips.size(); ++i) {
      const auto proven = open_proof(i + 1, lesson_json);
      if (!proven) {
        found_.recording_problems.push_back(fmt::format("clip {}: {}", i + 1, proven.error().message));
        const auto unknown = fail(ErrorKind::kFailedPrecondition, "what was recorded cannot be told");
        found_.continuity.emplace_back(unknown);
        found_.marks.emplace_back(unknown);
        continue;
      }
      take_proof(*proven);
      found_.marks.push_back(check_marks(*proven, i));
      found_.continuity.push_back(check_sources(*proven, i + 1));
    }
  }

  Result<ProvenRecords> open_proof(std::size_t clip, std::string_view lesson_json) {
    SHILU_TRY(const Bytes text, read_small(file_, index(), proof_file(clip), kMaxJson));
    SHILU_TRY(const ClipProof proof, ClipProof::from_json(as_text(text)));
    SHILU_TRY(const Bytes records, read_small(file_, index(), records_file(clip), kMaxRecordsBytes));
    SHILU_TRY(ProvenRecords proven, ProvenRecords::open(proof, records, lesson_json));
    if (proven.lesson().lesson_id != found_.evidence->lesson_id ||
        to_rfc3339(proven.lesson().start_wall) != found_.evidence->start_utc) {
      return fail(ErrorKind::kCorrupted, "it is of another lesson than evidence.json speaks of");
    }
    return proven;
  }

  void take_proof(const ProvenRecords& proven) {
    found_.recording_certificate = proven.certificate();
    found_.nonce = proven.lesson().platform_nonce;
    const auto& checkpoint = proven.checkpoint();
    take_act(proven.certificate(), checkpoint.utc, checkpoint.synchronised);
    found_.synchronised = found_.synchronised && checkpoint.synchronised;
    found_.clock_error_ms = std::max(found_.clock_error_ms, checkpoint.error_ms);
    found_.signed_utc = checkpoint.utc;
    const auto& subject = proven.signed_in_subject();
    if (subject && pseudonym_of(*subject) == found_.evidence->pseudonym) found_.signed_in = true;
  }

  // The marks told of a clip are just those that the recording has. -> their number.
  Result<std::size_t> check_marks(const ProvenRecords& proven, std::size_t clip) {
    const Nanoseconds length = std::chrono::milliseconds(found_.evidence->duration_ms);
    if (proven.stopped_at().value_or(length) != length)
      return fail(ErrorKind::kCorrupted, "the lesson was not as long as evidence.json says");
    const auto cues = cues_of(proven.marks(), found_.evidence->clips[clip].range, length);
    const std::string name = marks_file(clip + 1);
    if (text_of(name, kMaxManifest) == web_vtt_text(cues)) return cues.size();
    return fail(ErrorKind::kCorrupted, fmt::format("{} does not tell the marks that were pressed", name));
  }

  // Only under their own names, so that no clip is checked more than once.
  Result<std::vector<ClipPart>> parts_of(std::size_t clip, const ClaimedSource& source) const {
    std::vector<ClipPart> parts;
    for (const ClaimedPart& part : source.parts) {
      const auto file = found_.scan.clips.find(part.file.file);
      if (file == found_.scan.clips.end() || file->first != clip_file(clip, source.name, parts.size() + 1))
        return fail(ErrorKind::kCorrupted, fmt::format("{} is missing", part.file.file));
      const auto& media = file->second.media;
      if (!media) return fail(media.error().within(source.name));
      parts.push_back({part.range, &*media});
    }
    return parts;
  }

  // -> the declared gaps of all its sources.
  Result<std::vector<std::string>> check_sources(const ProvenRecords& proven, std::size_t index) {
    const ClaimedClip& clip = found_.evidence->clips[index - 1];
    std::vector<std::string> gaps;
    for (const ClaimedSource& source : clip.sources) {
      SHILU_TRY(const auto parts, parts_of(index, source));
      auto of_source = check_clip(proven, source.name, parts);
      if (!of_source) return fail(of_source.error().within(source.name));
      gaps.insert(gaps.end(), of_source->begin(), of_source->end());
    }
    return gaps;
  }

  File& file_;
  PackageFindings found_;
};

}  // namespace

const Seal::Withholdable* PackageFindings::sealed_identity() const {
  if (!seal || seal->seal.withholdable.empty()) return nullptr;
  return &seal->seal.withholdable.front();
}

PackageFindings examine_package(File& file, PackageScan scan) {
  return Examiner(file, std::move(scan)).run();
}

}  // namespace shilu::evidence

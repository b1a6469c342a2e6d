#include "upload/evidence/package_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "upload/evidence/file_names.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/limits.h"

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
                   text_of(kManifestFile, kMaxManifest), text_of(kTagManifestFile, kMaxManifest)};
    found_.evidence_text = text_of(kEvidenceFile, kMaxJson);
    found_.evidence = Evidence::from_json(found_.evidence_text);
  }

  void open_seal_file() {
    found_.seal_is_there = index().find(kSealFile) != nullptr;
    if (!found_.seal_is_there) return;
    auto& seal = found_.seal;
    seal = open_seal(text_of(kSealFile, kMaxSmallFile), text_of(kSealCertificateFile, kMaxSmallFile));
    if (!seal) return;
    const Digest tags = found_.scan.found.at(std::string(kTagManifestFile)).sha256;
    if (seal->seal.name != index().name || seal->seal.tagmanifest_sha256 != tags)
      seal = fail(ErrorKind::kCorrupted, "the seal is of other contents than those that are here");
  }

  // One proof is held at a time: clips are checked as soon as theirs is open.
  void open_proofs() {
    if (!found_.evidence) return;
    const std::string lesson_json = text_of(kLessonFile, kMaxLessonJson);
    for (std::size_t i = 0; i < found_.evidence->clips.size(); ++i) {
      const auto proven = open_proof(i + 1, lesson_json);
      if (!proven) {
        found_.recording_problems.push_back(fmt::format("clip {}: {}", i + 1, proven.error().message));
        found_.continuity.emplace_back(
            fail(ErrorKind::kFailedPrecondition, "what was recorded cannot be told"));
        continue;
      }
      take_proof(*proven);
      found_.continuity.push_back(check_sources(*proven, found_.evidence->clips[i]));
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
    found_.recording_device = proven.certificate().device_key;
    const auto& checkpoint = proven.checkpoint();
    found_.synchronised = found_.synchronised && checkpoint.synchronised;
    found_.clock_error_ms = std::max(found_.clock_error_ms, checkpoint.error_ms);
    found_.signed_utc = checkpoint.utc;
    const auto& subject = proven.signed_in_subject();
    if (subject && pseudonym_of(*subject) == found_.evidence->pseudonym) found_.signed_in = true;
  }

  // -> the declared gaps of all its sources.
  Result<std::vector<std::string>> check_sources(const ProvenRecords& proven, const ClaimedClip& clip) {
    std::vector<std::string> gaps;
    for (const ClaimedSource& source : clip.sources) {
      const auto file = found_.scan.clips.find(source.file.file);
      if (file == found_.scan.clips.end())
        return fail(ErrorKind::kCorrupted, fmt::format("{} is missing", source.file.file));
      const auto& media = file->second.media;
      if (!media) return fail(media.error().within(source.name));
      auto of_source = check_clip(proven, source.name, clip.range, *media);
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

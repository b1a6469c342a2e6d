#include <fmt/format.h>

#include <algorithm>

#include "upload/evidence/evidence_json.h"
#include "upload/evidence/facts.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/hash_pass.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/limits.h"
#include "upload/evidence/package_scan.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/seal.h"
#include "upload/evidence/verify.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kAltered = "altered";
constexpr std::string_view kCannotCheck = "cannot-check";

// What is found out of one package, in the order in which the facts are told.
class PackageVerifier {
 public:
  PackageVerifier(File& file, const VerifyOptions& options, PackageScan scan, VerifyReport& report)
      : file_(file), options_(options), scan_(std::move(scan)), report_(report), facts_(report.facts) {}

  void run() {
    facts_.add("structure", "intact",
               fmt::format("{} files, every byte accounted for", scan_.index.entries.size()));
    read_texts();
    open_seal_file();
    open_proofs();
    tell_contents();
    tell_seal();
    tell_device();
    tell_recording();
    tell_continuity();
    tell_clock();
    tell_teacher();
    tell_identity();
    summarise();
  }

 private:
  // --- reading

  std::string text_of(std::string_view name, std::uint64_t limit) {
    const auto bytes = read_small(file_, scan_.index, name, limit);
    return bytes ? std::string(as_text(*bytes)) : std::string();
  }

  void read_texts() {
    text_ = {text_of(kBagitFile, kMaxSmallFile), text_of(kBagInfoFile, kMaxSmallFile),
             text_of(kManifestFile, kMaxManifest), text_of(kTagManifestFile, kMaxManifest)};
    evidence_ = Evidence::from_json(text_of(kEvidenceFile, kMaxJson));
  }

  void open_seal_file() {
    if (scan_.index.find(kSealFile) == nullptr) return;
    seal_ = open_seal(text_of(kSealFile, kMaxSmallFile), text_of(kSealCertificateFile, kMaxSmallFile));
    if (!seal_) return;
    const Seal& seal = seal_->seal;
    const bool this_one = seal.name == scan_.index.name &&
                          seal.tagmanifest_sha256 == scan_.found.at(std::string(kTagManifestFile)).sha256;
    if (!this_one)
      seal_ = fail(ErrorKind::kCorrupted, "the seal is of other contents than those that are here");
  }

  Result<ProvenRecords> open_proof(std::size_t index, std::string_view lesson_json) {
    SHILU_TRY(const Bytes text, read_small(file_, scan_.index, proof_file(index), kMaxJson));
    SHILU_TRY(const ClipProof proof, ClipProof::from_json(as_text(text)));
    SHILU_TRY(const Bytes records, read_small(file_, scan_.index, records_file(index), kMaxRecordsBytes));
    SHILU_TRY(ProvenRecords proven, ProvenRecords::open(proof, records, lesson_json));
    if (proven.lesson().lesson_id != evidence_->lesson_id ||
        to_rfc3339(proven.lesson().start_wall) != evidence_->start_utc) {
      return fail(ErrorKind::kCorrupted, "it is of another lesson than evidence.json speaks of");
    }
    return proven;
  }

  // One proof is held at a time: clips are checked as soon as theirs is open.
  void open_proofs() {
    if (!evidence_) return;
    const std::string lesson_json = text_of(kLessonFile, kMaxLessonJson);
    for (std::size_t i = 0; i < evidence_->clips.size(); ++i) {
      const auto proven = open_proof(i + 1, lesson_json);
      if (!proven) {
        recording_problems_.push_back(fmt::format("clip {}: {}", i + 1, proven.error().message));
        continuity_.emplace_back(fail(ErrorKind::kFailedPrecondition, "what was recorded cannot be told"));
        continue;
      }
      take_proof(*proven);
      continuity_.push_back(check_sources(*proven, evidence_->clips[i]));
    }
  }

  void take_proof(const ProvenRecords& proven) {
    recording_device_ = proven.certificate().device_key;
    const auto& checkpoint = proven.checkpoint();
    clock_known_ = true;
    synchronised_ = synchronised_ && checkpoint.synchronised;
    clock_error_ms_ = std::max(clock_error_ms_, checkpoint.error_ms);
    signed_utc_ = checkpoint.utc;
    if (proven.signed_in_subject() && pseudonym_of(*proven.signed_in_subject()) == evidence_->pseudonym)
      signed_in_ = true;
  }

  // -> the declared gaps of all its sources.
  Result<std::vector<std::string>> check_sources(const ProvenRecords& proven, const ClaimedClip& clip) {
    std::vector<std::string> gaps;
    for (const ClaimedSource& source : clip.sources) {
      const auto found = scan_.clips.find(source.file.file);
      if (found == scan_.clips.end())
        return fail(ErrorKind::kCorrupted, fmt::format("{} is missing", source.file.file));
      if (!found->second.media) return fail(found->second.media.error().within(source.name));
      auto of_source = check_clip(proven, source.name, clip.range, *found->second.media);
      if (!of_source) return fail(of_source.error().within(source.name));
      gaps.insert(gaps.end(), of_source->begin(), of_source->end());
    }
    return gaps;
  }

  // --- telling

  void tell_contents() {
    std::vector<std::string> problems = scan_.crc_problems;
    if (problems.empty()) problems = check_bag(text_, scan_.index.name, scan_.found);
    if (const std::string identity = identity_problem(); !identity.empty()) problems.push_back(identity);
    if (!evidence_) {
      problems.push_back(evidence_.error().message);
    } else if (problems.empty()) {
      problems = check_claims(*evidence_, text_, scan_.found);
    }
    facts_.add_intact("contents", problems, "every file is the one that was packed");
  }

  const Seal::Withholdable* sealed_identity() const {
    if (!seal_) return nullptr;
    const auto& list = seal_->seal.withholdable;
    return list.empty() ? nullptr : &list.front();
  }

  std::string identity_problem() const {
    if (!seal_ || scan_.index.find(kIdentityFile) == nullptr) return "";
    const auto* sealed = sealed_identity();
    const bool same =
        sealed != nullptr && sealed->sha256 == scan_.found.at(std::string(kIdentityFile)).sha256;
    return same ? "" : "identity.box is not the one that was sealed";
  }

  void tell_seal() {
    if (scan_.index.find(kSealFile) == nullptr)
      return facts_.add("seal", "missing", "the package says that it is signed, but its seal was taken away");
    if (!seal_) return facts_.add("seal", "invalid", seal_.error().message);
    const Seal& seal = seal_->seal;
    if (seal.withholdable.size() > 1 || (sealed_identity() && sealed_identity()->file != kIdentityFile))
      return facts_.add("seal", "invalid", "the seal lets other files be withheld than identity.box");
    if (recording_device_ && *recording_device_ != seal_->certificate.device_key) {
      return facts_.add("seal", "invalid",
                        fmt::format("device {} sealed what device {} recorded", seal.device_id,
                                    device_id_of(*recording_device_)));
    }
    facts_.add(
        "seal", "valid",
        fmt::format("sealed at {} by device {} ({} key)", seal.sealed_utc, seal.device_id, seal.key_level));
  }

  void tell_device() {
    std::vector<PublicKey> keys;
    if (recording_device_) keys.push_back(*recording_device_);
    if (seal_) keys.push_back(seal_->certificate.device_key);
    add_device_fact(facts_, keys, options_.trusted_devices);
  }

  void tell_recording() {
    if (!recording_problems_.empty()) return facts_.add("recording", kAltered, recording_problems_.front());
    if (!recording_device_)
      return facts_.add("recording", kCannotCheck, "the package holds no proof of a recording");
    facts_.add("recording", "signed",
               fmt::format("the records lead to what device {} signed at {}",
                           device_id_of(*recording_device_), signed_utc_));
  }

  void tell_continuity() {
    for (std::size_t i = 0; i < continuity_.size(); ++i) {
      const auto& result = continuity_[i];
      const int clip = static_cast<int>(i + 1);
      const TimeRange range = evidence_->clips[i].range;
      const std::string where = fmt::format("{:.3f} s to {:.3f} s", range.from.seconds(), range.to.seconds());
      if (!result && result.error().kind == ErrorKind::kFailedPrecondition) {
        facts_.add("continuity", kCannotCheck, result.error().message, clip);
      } else if (!result) {
        facts_.add("continuity", kAltered, result.error().message, clip);
      } else if (result->empty()) {
        facts_.add("continuity", "whole", where + ", unedited, nothing left out", clip);
      } else {
        facts_.add("continuity", "whole-with-declared-gaps",
                   fmt::format("{}, unedited; missing, and declared when it was recorded: {}", where,
                               fmt::join(*result, ", ")),
                   clip);
      }
    }
    if (continuity_.empty()) facts_.add("continuity", kCannotCheck, "the package tells of no clip");
  }

  void tell_clock() {
    if (!clock_known_) return facts_.add("clock", kCannotCheck, "no proof tells the time");
    if (!synchronised_)
      return facts_.add("clock", "unsynchronised",
                        "the device's clock was not synchronised when it was recorded");
    facts_.add("clock", "synchronised",
               fmt::format("the device's clock was right to within {} ms", clock_error_ms_));
  }

  void tell_teacher() {
    if (!evidence_) return facts_.add("teacher", kCannotCheck, "evidence.json cannot be read");
    if (evidence_->binding == kAsserted) {
      return facts_.add(
          "teacher", "asserted",
          fmt::format("{} is only said to be the teacher; nobody signed in", evidence_->pseudonym));
    }
    if (signed_in_) {
      return facts_.add("teacher", "signed-in",
                        fmt::format("{} had signed in at the device that recorded", evidence_->pseudonym));
    }
    if (!recording_problems_.empty())
      return facts_.add("teacher", kCannotCheck, "the proof of the sign-in leads to no signature");
    facts_.add("teacher", kAltered,
               fmt::format("{} is said to have signed in, and the recording knows nothing of it",
                           evidence_->pseudonym));
  }

  void tell_identity() {
    if (scan_.index.find(kIdentityFile) != nullptr)
      return facts_.add("identity", "sealed",
                        "who the teacher is stands in a part that only the platform can open");
    if (sealed_identity() != nullptr)
      return facts_.add("identity", "withheld",
                        "the part that says who the teacher is was taken out of this copy");
    facts_.add("identity", "absent", "the package does not say who the teacher is");
  }

  void summarise() {
    if (!evidence_) return;
    report_.summary =
        PackageSummary{scan_.index.name,      evidence_->programme, evidence_->catalogue,
                       evidence_->point_code, evidence_->lesson_id, seal_ ? seal_->seal.device_id : "",
                       evidence_->pseudonym,  evidence_->binding,   text_of(kEvidenceFile, kMaxJson)};
  }

  File& file_;
  const VerifyOptions& options_;
  PackageScan scan_;
  VerifyReport& report_;
  FactList facts_;

  BagText text_;
  Result<Evidence> evidence_ = fail(ErrorKind::kInternal, "not read");
  Result<OpenedSeal> seal_ = fail(ErrorKind::kCorrupted, "there is none");
  std::vector<std::string> recording_problems_;
  std::vector<Result<std::vector<std::string>>> continuity_;  // per clip: its declared gaps
  std::optional<PublicKey> recording_device_;
  std::string signed_utc_;
  bool clock_known_ = false;
  bool synchronised_ = true;
  std::int64_t clock_error_ms_ = 0;
  bool signed_in_ = false;
};

// Nothing can be found in a file whose structure is not that of a package.
Status tell_broken_structure(File& file, const Error& error, VerifyReport& report) {
  SHILU_TRY(const HashedFile hashed, hash_file(file, {}, {}));
  report.sha256 = hashed.sha256;
  report.size_bytes = hashed.size;
  FactList facts(report.facts);
  facts.add("structure", kAltered, error.message);
  for (const auto* fact : {"contents", "seal", "device", "recording", "continuity", "clock", "teacher"})
    facts.add(fact, kCannotCheck, "the file is not built as a package is");
  return {};
}

void tell_receipt(const VerifyOptions& options, VerifyReport& report) {
  FactList facts(report.facts);
  if (!options.receipt) return facts.add("receipt", "absent", "no receipt was given");
  if (!options.receipt_key) return facts.add("receipt", "invalid", "the platform's key was not given");
  const auto receipt = open_receipt(*options.receipt, *options.receipt_key);
  if (!receipt) return facts.add("receipt", "invalid", receipt.error().message);
  if (receipt->package_sha256 != report.sha256 || receipt->size_bytes != report.size_bytes)
    return facts.add("receipt", "invalid", fmt::format("receipt {} is of another package", receipt->number));
  facts.add(
      "receipt", "valid",
      fmt::format("{}: {} received it at {}", receipt->number, receipt->platform, receipt->received_utc));
}

}  // namespace

Result<VerifyReport> verify_package(const std::filesystem::path& path, const VerifyOptions& options) {
  SHILU_TRY(const auto file, posix_file_system().open(path, OpenMode::kRead));
  VerifyReport report;
  report.kind = "package";
  auto index = read_package_index(*file);
  if (!index && index.error().kind != ErrorKind::kCorrupted) return fail(index.error());
  if (!index) {
    SHILU_CHECK(tell_broken_structure(*file, index.error(), report));
  } else {
    SHILU_TRY(PackageScan scan, scan_package(*file, std::move(*index)));
    report.sha256 = scan.sha256;
    report.size_bytes = scan.size;
    PackageVerifier(*file, options, std::move(scan), report).run();
  }
  tell_receipt(options, report);
  return report;
}

}  // namespace shilu::evidence

#include <fmt/format.h>

#include "upload/evidence/device_history.h"
#include "upload/evidence/facts.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/hash_pass.h"
#include "upload/evidence/package_findings.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/verify.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kAltered = "altered";
constexpr std::string_view kCannotCheck = "cannot-check";

// When the platform had the package, by a receipt that is its own and of this package.
std::optional<WallTime> time_received(const VerifyOptions& options, const VerifyReport& report) {
  if (!options.receipt || !options.receipt_key) return std::nullopt;
  const auto receipt = open_receipt(*options.receipt, *options.receipt_key);
  if (!receipt || receipt->package_sha256 != report.sha256) return std::nullopt;
  const auto time = wall_from_rfc3339(receipt->received_utc);
  return time ? std::optional(*time) : std::nullopt;
}

// Tells what was found as facts, in the order in which people read them.
class PackageTeller {
 public:
  PackageTeller(const PackageFindings& found, const VerifyOptions& options, VerifyReport& report)
      : found_(found),
        evidence_(found.evidence),
        options_(options),
        received_(time_received(options, report)),
        facts_(report.facts) {}

  void run() {
    facts_.add("structure", "intact",
               fmt::format("{} files, every byte accounted for", found_.scan.index.entries.size()));
    tell_contents();
    tell_seal();
    tell_device();
    tell_keys();
    tell_recording();
    for (std::size_t i = 0; i < found_.continuity.size(); ++i) tell_continuity(i);
    if (found_.continuity.empty()) facts_.add("continuity", kCannotCheck, "the package tells of no clip");
    for (std::size_t i = 0; i < found_.marks.size(); ++i) tell_marks(i);
    tell_derived();
    tell_clock();
    tell_teacher();
    tell_identity();
  }

 private:
  bool has(std::string_view file) const { return found_.scan.index.find(file) != nullptr; }

  void tell_contents() {
    std::vector<std::string> problems = found_.scan.crc_problems;
    if (problems.empty()) problems = check_bag(found_.text, found_.scan.index.name, found_.scan.found);
    if (const std::string identity = identity_problem(); !identity.empty()) problems.push_back(identity);
    if (!evidence_) {
      problems.push_back(evidence_.error().message);
    } else if (problems.empty()) {
      problems = check_claims(*evidence_, found_.text, found_.scan.found);
    }
    facts_.add_intact("contents", problems, "every file is the one that was packed");
  }

  std::string identity_problem() const {
    if (!found_.seal || !has(kIdentityFile)) return "";
    const auto* sealed = found_.sealed_identity();
    const bool same =
        sealed != nullptr && sealed->sha256 == found_.scan.found.at(std::string(kIdentityFile)).sha256;
    return same ? "" : "identity.box is not the one that was sealed";
  }

  void tell_seal() {
    if (!found_.seal_is_there) {
      return facts_.add("seal", "missing", "the package says that it is signed, but its seal was taken away");
    }
    if (!found_.seal) return facts_.add("seal", "invalid", found_.seal.error().message);
    const Seal& seal = found_.seal->seal;
    const auto* withheld = found_.sealed_identity();
    if (seal.withholdable.size() > 1 || (withheld != nullptr && withheld->file != kIdentityFile))
      return facts_.add("seal", "invalid", "the seal lets other files be withheld than identity.box");
    const auto& recorder = found_.recording_certificate;
    if (recorder && !found_.seal->certificate.is_of_device(recorder->device_key)) {
      return facts_.add(
          "seal", "invalid",
          fmt::format("device {} sealed what device {} recorded", seal.device_id, recorder->device_id));
    }
    facts_.add(
        "seal", "valid",
        fmt::format("sealed at {} by device {} ({} key)", seal.sealed_utc, seal.device_id, seal.key_level));
  }

  void tell_device() {
    std::vector<KeyCertificate> certificates;
    if (found_.recording_certificate) certificates.push_back(*found_.recording_certificate);
    if (found_.seal) certificates.push_back(found_.seal->certificate);
    add_device_fact(facts_, certificates, options_.trusted_devices);
  }

  void tell_keys() {
    add_certificate_fact(facts_, found_.acts, options_.now.value_or(SystemClock().wall()));
    const TimeWindow window = find_window(time_evidence());
    add_revocation_fact(facts_, found_.acts, options_, window.not_after);
    add_key_level_fact(facts_, found_.acts, options_);
    if (found_.acts.empty())
      return facts_.add("time", kCannotCheck, "nothing is signed that would tell a time");
    facts_.add("time", window.value, window.detail);
  }

  TimeEvidence time_evidence() const {
    TimeEvidence evidence;
    evidence.nonce = found_.nonce;
    evidence.platform_key = options_.receipt_key;
    evidence.time_stamp = options_.time_stamp;
    evidence.roots = options_.time_stamp_roots;
    evidence.seal_json = found_.seal ? found_.seal_json : std::string();
    evidence.received = received_;
    for (const SignedAct& act : found_.acts) {
      auto& said = act.certificate.role == KeyRole::kSeal ? evidence.sealed : evidence.recorded;
      if (!said || act.at < said->at) said = SaidTime{act.at, act.synchronised};
    }
    return evidence;
  }

  void tell_recording() {
    if (!found_.recording_problems.empty())
      return facts_.add("recording", kAltered, found_.recording_problems.front());
    if (!found_.recording_certificate)
      return facts_.add("recording", kCannotCheck, "the package holds no proof of a recording");
    facts_.add("recording", "signed",
               fmt::format("the records lead to what device {} signed at {}",
                           found_.recording_certificate->device_id, found_.signed_utc));
  }

  void tell_continuity(std::size_t i) {
    const auto& result = found_.continuity[i];
    const int clip = static_cast<int>(i + 1);
    if (!result) {
      const bool altered = result.error().kind == ErrorKind::kCorrupted;
      return facts_.add("continuity", altered ? kAltered : kCannotCheck, result.error().message, clip);
    }
    const TimeRange range = evidence_->clips[i].range;
    const std::string where =
        fmt::format("{:.3f} s to {:.3f} s, unedited", range.from.seconds(), range.to.seconds());
    if (result->empty()) return facts_.add("continuity", "whole", where + ", nothing left out", clip);
    facts_.add(
        "continuity", "whole-with-declared-gaps",
        fmt::format("{}; missing, and declared when it was recorded: {}", where, fmt::join(*result, ", ")),
        clip);
  }

  void tell_marks(std::size_t i) {
    const auto& marks = found_.marks[i];
    const int clip = static_cast<int>(i + 1);
    if (marks)
      return facts_.add("marks", "intact", fmt::format("{} marks, as they were pressed", *marks), clip);
    const bool altered = marks.error().kind == ErrorKind::kCorrupted;
    facts_.add("marks", altered ? kAltered : kCannotCheck, marks.error().message, clip);
  }

  // What was made of a clip proves nothing, whatever it shows.
  void tell_derived() {
    if (!evidence_) return;
    for (const ClaimedDerivative& one : evidence_->derived) {
      facts_.add("derivative", "declared",
                 fmt::format("{} was made of {} ({}); it is not proven itself", one.file.file, one.from_file,
                             one.recipe));
    }
  }

  void tell_clock() {
    if (!found_.recording_certificate) return facts_.add("clock", kCannotCheck, "no proof tells the time");
    if (!found_.synchronised) {
      return facts_.add("clock", "unsynchronised",
                        "the device's clock was not synchronised when it was recorded");
    }
    facts_.add("clock", "synchronised",
               fmt::format("the device's clock was right to within {} ms", found_.clock_error_ms));
  }

  void tell_teacher() {
    if (!evidence_) return facts_.add("teacher", kCannotCheck, "evidence.json cannot be read");
    const std::string& who = evidence_->pseudonym;
    if (evidence_->binding == kAsserted) {
      return facts_.add("teacher", "asserted",
                        fmt::format("{} is only said to be the teacher; nobody signed in", who));
    }
    if (found_.signed_in) {
      return facts_.add("teacher", "signed-in",
                        fmt::format("{} had signed in at the device that recorded", who));
    }
    if (!found_.recording_problems.empty())
      return facts_.add("teacher", kCannotCheck, "the proof of the sign-in leads to no signature");
    facts_.add("teacher", kAltered,
               fmt::format("{} is said to have signed in, and the recording knows nothing of it", who));
  }

  void tell_identity() {
    if (has(kIdentityFile)) {
      return facts_.add("identity", "sealed",
                        "who the teacher is stands in a part that only the platform can open");
    }
    if (found_.sealed_identity() != nullptr) {
      return facts_.add("identity", "withheld",
                        "the part that says who the teacher is was taken out of this copy");
    }
    facts_.add("identity", "absent", "the package does not say who the teacher is");
  }

  const PackageFindings& found_;
  const Result<Evidence>& evidence_;
  const VerifyOptions& options_;
  const std::optional<WallTime> received_;
  FactList facts_;
};

PackageSummary summary_of(const PackageFindings& found) {
  const Evidence& evidence = *found.evidence;
  return {
      found.scan.index.name, evidence.programme,
      evidence.catalogue,    evidence.point_code,
      evidence.lesson_id,    found.seal ? found.seal->seal.device_id : "",
      evidence.pseudonym,    evidence.binding,
      found.evidence_text,   found.seal ? found.seal->certificate.device_keys() : std::vector<PublicKey>{}};
}

// Nothing can be found in a file whose structure is not that of a package.
Status tell_broken_structure(File& file, const Error& error, VerifyReport& report) {
  SHILU_TRY(const HashedFile hashed, hash_file(file, {}, {}));
  report.sha256 = hashed.sha256;
  report.size_bytes = hashed.size;
  FactList facts(report.facts);
  facts.add("structure", kAltered, error.message);
  for (const auto* fact : {"contents", "seal", "device", "certificate", "revocation", "key-level", "time",
                           "recording", "continuity", "clock", "teacher"})
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

WholeDigest whole_digest(const VerifyOptions& options) {
  const bool left_out = options.digest == PackageDigest::kLeaveOut && !options.receipt;
  return left_out ? WholeDigest::kLeaveOut : WholeDigest::kCompute;
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
    SHILU_TRY(PackageScan scan, scan_package(*file, std::move(*index), whole_digest(options)));
    report.sha256 = scan.sha256;
    report.size_bytes = scan.size;
    const PackageFindings found = examine_package(*file, std::move(scan));
    PackageTeller(found, options, report).run();
    if (found.evidence) report.summary = summary_of(found);
  }
  tell_receipt(options, report);
  return report;
}

}  // namespace shilu::evidence

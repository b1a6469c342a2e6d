#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/checker.h"
#include "capture/journal/lesson_folder.h"
#include "firmware/base/certificate.h"
#include "upload/evidence/device_history.h"
#include "upload/evidence/facts.h"
#include "upload/evidence/verify.h"

namespace shilu::evidence {
namespace {

struct Problems {
  std::vector<std::string> structure, contents, recording, continuity;
};

// Which fact a finding of `shilu check` speaks against. A code that is not known here speaks against the
// contents.
Problems sort_findings(const journal::CheckReport& check) {
  Problems problems;
  for (const journal::Finding& finding : check.findings) {
    if (!finding.violation) continue;
    auto& list = finding.code == "lesson-json" ? problems.structure
                 : finding.code.starts_with("checkpoint") || finding.code == "certificate"
                     ? problems.recording
                 : finding.code == "gap-undeclared" || finding.code == "overlap" ||
                         finding.code == "record-order" || finding.code == "all-gap"
                     ? problems.continuity
                     : problems.contents;
    list.push_back(finding.detail);
  }
  return problems;
}

class LessonTeller {
 public:
  LessonTeller(const journal::LessonFolder& lesson, const journal::CheckReport& check, VerifyReport& report)
      : lesson_(lesson), check_(check), facts_(report.facts) {
    auto certificate =
        DsseEnvelope::from_json(lesson.info().recording_certificate).and_then(KeyCertificate::from_envelope);
    if (certificate) certificate_ = std::move(*certificate);
  }

  void run(const VerifyOptions& options) {
    const Problems problems = sort_findings(check_);
    facts_.add_intact("structure", problems.structure, fmt::format("lesson {}", lesson_.info().lesson_id));
    facts_.add_intact(
        "contents", problems.contents,
        fmt::format("{} fragments, {} bytes, each as it was recorded", check_.fragments, check_.bytes));
    add_device_fact(facts_, certificate_ ? std::vector{*certificate_} : std::vector<KeyCertificate>{},
                    options.trusted_devices);
    tell_keys(options);
    tell_recording(problems.recording);
    tell_continuity(problems.continuity);
    tell_clock();
    tell_tail();
  }

 private:
  // Of all checkpoints those with the earliest and the latest time. UTC in one form sorts as text.
  std::vector<SignedAct> acts() const {
    std::vector<SignedAct> acts;
    const auto& checkpoints = lesson_.checkpoints();
    if (!certificate_ || checkpoints.empty()) return acts;
    const auto [first, last] =
        std::minmax_element(checkpoints.begin(), checkpoints.end(),
                            [](const auto& a, const auto& b) { return a.checkpoint.utc < b.checkpoint.utc; });
    for (const auto* one : {&first->checkpoint, &last->checkpoint})
      acts.push_back({*certificate_, wall_from_rfc3339(one->utc).value_or(WallTime{}), one->synchronised});
    return acts;
  }

  void tell_keys(const VerifyOptions& options) {
    const auto all = acts();
    add_certificate_fact(facts_, all, options.now.value_or(SystemClock().wall()));
    add_revocation_fact(facts_, all, options, std::nullopt);
    add_key_level_fact(facts_, all, options);
    tell_time(options, all);
  }

  void tell_time(const VerifyOptions& options, const std::vector<SignedAct>& all) {
    if (all.empty()) return facts_.add("time", "cannot-check", "nothing is signed yet");
    TimeEvidence evidence;
    evidence.nonce = lesson_.info().platform_nonce;
    evidence.platform_key = options.receipt_key;
    evidence.recorded = SaidTime{all.front().at, all.front().synchronised};
    const TimeWindow window = find_window(evidence);
    facts_.add("time", window.value, window.detail);
  }

  void tell_recording(const std::vector<std::string>& problems) {
    if (!problems.empty()) return facts_.add("recording", "altered", problems.front());
    if (check_.signed_leaves > 0)
      return facts_.add("recording", "signed",
                        fmt::format("{} checkpoints lead to the device's key", lesson_.checkpoints().size()));
    // Every lesson that was stopped is signed at its stop.
    if (lesson_.finished()) return facts_.add("recording", "altered", "its signatures were taken away");
    facts_.add("recording", "cannot-check", "nothing is signed yet");
  }

  void tell_continuity(const std::vector<std::string>& problems) {
    if (!problems.empty()) return facts_.add("continuity", "altered", problems.front());
    const double seconds = static_cast<double>(lesson_.duration().count()) / 1e9;
    const auto holes = lesson_.holes();
    if (holes.empty())
      return facts_.add("continuity", "whole", fmt::format("{:.3f} s, nothing left out", seconds));
    facts_.add("continuity", "whole-with-declared-gaps",
               fmt::format("{:.3f} s, {} gaps that were declared when it was recorded", seconds,
                           holes.size()));
  }

  void tell_clock() {
    if (lesson_.checkpoints().empty()) return facts_.add("clock", "cannot-check", "nothing is signed yet");
    for (const auto& one : lesson_.checkpoints()) {
      if (!one.checkpoint.synchronised)
        return facts_.add("clock", "unsynchronised",
                          fmt::format("the device's clock was not synchronised at {}", one.checkpoint.utc));
    }
    facts_.add("clock", "synchronised", "the device's clock was synchronised at every checkpoint");
  }

  void tell_tail() {
    if (check_.signed_leaves >= check_.leaves)
      return facts_.add("tail", "signed", fmt::format("all of {} records", check_.leaves));
    facts_.add("tail", "unsigned",
               fmt::format("recorded, not yet signed: the last {:.1f} s ({} of {} records)",
                           check_.unsigned_s, check_.leaves - check_.signed_leaves, check_.leaves));
  }

  const journal::LessonFolder& lesson_;
  const journal::CheckReport& check_;
  FactList facts_;
  std::optional<KeyCertificate> certificate_;
};

// A lesson.json that cannot be read leaves nothing to check.
void tell_unreadable(const Error& error, VerifyReport& report) {
  FactList facts(report.facts);
  facts.add("structure", "altered", error.message);
  for (const auto* fact : {"contents", "device", "certificate", "revocation", "key-level", "time",
                           "recording", "continuity", "clock"})
    facts.add(fact, "cannot-check", "the lesson cannot be read");
}

}  // namespace

Result<VerifyReport> verify_lesson(const std::filesystem::path& directory, const VerifyOptions& options) {
  VerifyReport report;
  report.kind = "lesson";
  const auto lesson = journal::LessonFolder::open(directory);
  if (!lesson && lesson.error().kind != ErrorKind::kCorrupted) return fail(lesson.error());
  if (!lesson) {
    tell_unreadable(lesson.error(), report);
    return report;
  }
  const journal::CheckReport check = journal::check_lesson(*lesson);
  report.size_bytes = check.bytes;
  LessonTeller(*lesson, check, report).run(options);
  return report;
}

}  // namespace shilu::evidence

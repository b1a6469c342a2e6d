#include <algorithm>

#include "capture/journal/findings.h"
#include "firmware/base/certificate.h"

namespace shilu::journal {
namespace {

std::optional<PublicKey> recording_key(const LessonFolder& lesson, Findings& findings) {
  const auto certificate =
      DsseEnvelope::from_json(lesson.info().recording_certificate).and_then(KeyCertificate::from_envelope);
  if (!certificate) {
    findings.violation("certificate", "of the recording key: " + certificate.error().message);
    return std::nullopt;
  }
  if (certificate->role != KeyRole::kRecording) {
    findings.violation("certificate",
                       "lesson.json carries the certificate of a key that is not for recording");
    return std::nullopt;
  }
  return certificate->key;
}

class HeadChecker {
 public:
  HeadChecker(const LessonFolder& lesson, std::optional<PublicKey> key, Findings& findings)
      : lesson_(lesson), key_(std::move(key)), findings_(findings), leaves_(lesson.leaf_hashes()) {}

  void take(const SignedCheckpoint& one) {
    ++line_;
    const bool chained = check_chain(one);
    const bool rooted = check_root(one.checkpoint);
    const bool is_signed = check_signature(one);
    if (chained && rooted && is_signed) {
      findings_.report().signed_leaves = one.checkpoint.tree_size;
      signed_until_ = one.checkpoint.at;
    }
    previous_ = sha256(one.line);
  }

  LessonTime signed_until() const { return signed_until_; }

 private:
  std::string place() const { return fmt::format("line {} of the checkpoints", line_); }

  bool check_signature(const SignedCheckpoint& one) {
    if (!key_) return false;  // told once, as "certificate"
    if (one.envelope.verified_by(*key_)) return true;
    findings_.violation("checkpoint-signature", place() + " is not signed by the lesson's recording key");
    return false;
  }

  bool check_chain(const SignedCheckpoint& one) {
    const auto size = one.checkpoint.tree_size;
    if (one.checkpoint.previous != previous_) {
      findings_.violation("checkpoint-chain", place() + " does not follow the line before it");
    } else if (one.checkpoint.lesson_id != lesson_.info().lesson_id) {
      findings_.violation("checkpoint-chain", place() + " is of another lesson");
    } else if (size < largest_) {
      findings_.violation("checkpoint-chain",
                          fmt::format("{} covers {} leaves, an earlier one {}", place(), size, largest_));
    } else {
      largest_ = size;
      return true;
    }
    return false;
  }

  bool check_root(const Checkpoint& checkpoint) {
    const auto size = checkpoint.tree_size;
    if (size > leaves_.size()) {
      findings_.violation("checkpoint-root", fmt::format("{} signs {} records, the journal has {}", place(),
                                                         size, leaves_.size()));
      return false;
    }
    if (size < tree_.size()) tree_ = {};
    while (tree_.size() < size) tree_.append(leaves_[tree_.size()]);
    if (tree_.root() == checkpoint.root) return true;
    findings_.violation("checkpoint-root",
                        fmt::format("{}: its root is not that of the first {} leaves", place(), size));
    return false;
  }

  const LessonFolder& lesson_;
  std::optional<PublicKey> key_;
  Findings& findings_;
  std::vector<Digest> leaves_;
  Frontier tree_;
  Digest previous_{};
  std::uint64_t largest_ = 0;
  LessonTime signed_until_;
  std::size_t line_ = 0;
};

}  // namespace

void check_checkpoints(const LessonFolder& lesson, Findings& findings) {
  auto& report = findings.report();
  HeadChecker checker(lesson, recording_key(lesson, findings), findings);
  for (const auto& one : lesson.checkpoints()) checker.take(one);
  if (lesson.damage().checkpoints)
    findings.violation("checkpoint-chain", lesson.damage().checkpoints->message);
  report.leaves = lesson.records().size() + 1;
  if (report.signed_leaves < report.leaves) {
    const Nanoseconds rest = LessonTime{lesson.duration().count()} - checker.signed_until();
    report.unsigned_s = std::max(0.0, static_cast<double>(rest.count()) / 1e9);
    findings.note("unsigned-tail",
                  fmt::format("recorded, not yet signed: the last {:.1f} s ({} of {} leaves)",
                              report.unsigned_s, report.leaves - report.signed_leaves, report.leaves));
  }
}

}  // namespace shilu::journal

#include "upload/platform/deciding.h"

#include <algorithm>
#include <tuple>

#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "upload/evidence/receipt.h"
#include "upload/platform/answers.h"
#include "upload/platform/review.h"

namespace shilu::platform {
namespace {

using Reason = evidence::Verdict::Reason;

Result<std::vector<Sheet>> sheets_handed_in(PlatformStore& store, std::string_view package) {
  SHILU_TRY(const auto reviews, store.reviews_of_package(package));
  std::vector<Sheet> sheets;
  for (const Review& review : reviews) {
    if (review.state != ReviewState::kDone) continue;
    SHILU_TRY(Sheet sheet, Sheet::from_json(stored_json(review.sheet)));
    sheets.push_back(std::move(sheet));
  }
  return sheets;
}

void add_reasons(const Sheet& sheet, std::vector<Reason>& reasons) {
  for (const PieceJudgement& piece : sheet.pieces) {
    for (const Moment& moment : piece.moments)
      reasons.push_back({piece.title, moment.at_ms, moment.source, piece.comment});
  }
  for (const TimedComment& comment : sheet.comments)
    reasons.push_back({"", comment.at_ms, comment.source, comment.text});
}

// In the order of time, so that nobody can tell whose is whose.
std::vector<Reason> reasons_of(const std::vector<Sheet>& sheets) {
  std::vector<Reason> reasons;
  for (const Sheet& sheet : sheets) add_reasons(sheet, reasons);
  const auto key = [](const Reason& reason) {
    return std::tie(reason.at_ms, reason.piece, reason.source, reason.text);
  };
  std::sort(reasons.begin(), reasons.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = std::unique(reasons.begin(), reasons.end(),
                                [&](const auto& a, const auto& b) { return key(a) == key(b); });
  reasons.erase(same, reasons.end());
  return reasons;
}

Status give_verdict(const Context& context, const Package& package, const std::vector<Sheet>& sheets,
                    const Outcome& outcome) {
  evidence::Verdict verdict;
  SHILU_TRY(verdict.package_sha256, digest_from_hex(package.sha256));
  verdict.point = package.point;
  verdict.level = outcome.level;
  for (const PieceJudgement& piece : sheets[outcome.deciding].pieces)
    verdict.pieces.push_back({piece.title, piece.level.value_or("")});
  verdict.reasons = reasons_of(sheets);
  verdict.decided_utc = to_rfc3339(context.clock.wall());
  verdict.assessors = static_cast<int>(sheets.size());
  SHILU_TRY(const auto signed_verdict, evidence::sign_verdict(verdict, context.receipt_key));
  const std::string envelope = signed_verdict.to_json();
  const auto given = context.store.set_verdict(package.sha256, envelope);
  // The other assessor handed in at the same moment, and that request was quicker.
  if (!given && given.error().kind == ErrorKind::kFailedPrecondition) return {};
  if (given) log_info("deciding: package={} has its verdict", package.sha256);
  return given;
}

Status call_third(const Context& context, std::string_view package) {
  SHILU_TRY(const auto candidates, context.store.least_loaded(package, 1));
  if (candidates.empty()) {
    log_warning("deciding: package={} waits for a third assessor", package);
    return {};
  }
  return context.store.call_third(package, candidates.front());
}

Status assign_missing(const Context& context, std::string_view package) {
  SHILU_TRY(const auto candidates, context.store.least_loaded(package, 2));
  for (const std::string& assessor : candidates) SHILU_CHECK(context.store.assign(package, assessor));
  return {};
}

}  // namespace

Status decide(const Context& context, std::string_view package_sha256) {
  SHILU_TRY(const auto package, context.store.package(package_sha256));
  if (!package || package->verdict) return {};
  SHILU_TRY(const auto sheets, sheets_handed_in(context.store, package_sha256));
  SHILU_TRY(const Outcome outcome, outcome_of(sheets, context.catalogue));
  switch (outcome.next) {
    case Next::kWait:
      return {};
    case Next::kThirdAssessor:
      return call_third(context, package_sha256);
    case Next::kDecided:
      return give_verdict(context, *package, sheets, outcome);
  }
  return {};
}

namespace {

Status bring_on(const Context& context, std::string_view package) {
  SHILU_CHECK(assign_missing(context, package));
  return decide(context, package);
}

}  // namespace

Status decide_all(const Context& context) {
  SHILU_TRY(const auto packages, context.store.packages_without_verdict());
  for (const Package& package : packages) {
    if (const auto brought_on = bring_on(context, package.sha256); !brought_on)
      log_error("deciding: package={}: {}", package.sha256, brought_on.error().message);
  }
  return {};
}

}  // namespace shilu::platform

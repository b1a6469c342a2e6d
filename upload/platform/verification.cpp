#include "upload/platform/verification.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "firmware/base/log.h"
#include "upload/evidence/receipt.h"
#include "upload/platform/answers.h"
#include "upload/platform/examine.h"

namespace shilu::platform {
namespace {

constexpr int kFirstAssessors = 2;

// "R-2026-000123": the year in which it came, and its place in the log of receipts.
std::string receipt_name(std::string_view received_utc, std::int64_t number) {
  return fmt::format("R-{}-{:06}", received_utc.substr(0, 4), number);
}

Result<std::string> make_receipt(const Context& context, const Package& package,
                                 const std::vector<evidence::Fact>& facts, std::int64_t number) {
  evidence::Receipt receipt;
  receipt.received_utc = utc_text(package.received_utc_ms);
  receipt.number = receipt_name(receipt.received_utc, number);
  SHILU_TRY(receipt.package_sha256, digest_from_hex(package.sha256));
  receipt.size_bytes = static_cast<std::uint64_t>(package.size_bytes);
  for (const evidence::Fact& fact : facts) {
    if (fact.fact != "receipt") receipt.facts.emplace_back(fact.fact, fact.value);
  }
  receipt.log_index = static_cast<std::uint64_t>(number);
  receipt.platform = context.settings.name;
  SHILU_TRY(const auto envelope, evidence::sign_receipt(receipt, context.receipt_key));
  return envelope.to_json();
}

Status acknowledge(const Context& context, const Package& package, const Examination& examination) {
  SHILU_TRY(const std::int64_t number, context.store.next_receipt_number());
  SHILU_TRY(const std::string receipt, make_receipt(context, package, examination.facts, number));
  SHILU_TRY(const auto assessors, context.store.least_loaded(package.sha256, kFirstAssessors));
  SHILU_CHECK(context.store.acknowledge(package.sha256, examination.accepted, examination.identity, number,
                                        receipt, assessors));
  log_info("verification: package={} acknowledged, receipt {}, assessors {}", package.sha256, number,
           fmt::join(assessors, ","));
  if (assessors.size() < kFirstAssessors)
    log_warning("verification: package={} waits for a second assessor", package.sha256);
  return {};
}

// Nobody opens a package that was not taken; its bytes go, the reasons stay.
Status reject(const Context& context, const Package& package, const Examination& examination) {
  SHILU_CHECK(
      context.store.reject(package.sha256, reasons_json(examination.reasons), examination.accepted.facts));
  log_warning("verification: package={} device={} rejected: {}", package.sha256, package.device_id,
              examination.reasons.front().code);
  return posix_file_system().remove(context.settings.package_path(package.sha256));
}

// The disk lost the file: the package was never here, and the device sends it again.
Status forget_lost(const Context& context, const Package& package) {
  log_error("verification: package={} its file is gone; the device will send it again", package.sha256);
  SHILU_CHECK(context.store.reject(package.sha256, "[]", "[]"));
  return context.store.forget_rejected(package.sha256);
}

Status verify(const Context& context, const Package& package) {
  const auto examination = examine(context, package);
  if (!examination && examination.error().kind == ErrorKind::kNotFound) return forget_lost(context, package);
  if (!examination) return fail(examination.error().within("package " + package.sha256));
  return examination->reasons.empty() ? acknowledge(context, package, *examination)
                                      : reject(context, package, *examination);
}

}  // namespace

Status verify_packages(const Context& context) {
  SHILU_TRY(const auto packages, context.store.packages_to_verify());
  Status all;
  for (const Package& package : packages) {
    // One that cannot be read for now holds up no other.
    if (auto verified = verify(context, package); !verified) all = std::move(verified);
  }
  return all;
}

}  // namespace shilu::platform

#include "upload/sender/withdrawals.h"

#include "firmware/base/log.h"
#include "upload/sender/backoff.h"

namespace shilu::sender {
namespace {

using Kind = CallError::Kind;

constexpr BackoffLimits kAgain{std::chrono::seconds(5), std::chrono::minutes(5)};

// Then the others would hear the same.
bool ends_the_round(Kind kind) {
  return kind == Kind::kNetwork || kind == Kind::kTrust || kind == Kind::kPortal || kind == Kind::kAuth;
}

}  // namespace

std::optional<CallError> Withdrawals::tell(TusTransport& platform, const std::string& platform_url) {
  if (clock_.monotonic() < next_) return std::nullopt;
  const auto withdrawn = store_.submissions_to_abandon();
  if (!withdrawn) return std::nullopt;
  std::optional<CallError> untold;
  for (const store::Submission& one : *withdrawn) {
    // The token is this platform's, and so must be the address that hears it.
    const bool ours = one.upload_url->starts_with(platform_url);
    const auto told = ours ? platform.abandon(*one.upload_url) : CallResult<void>();
    const bool is_package = !told && told.error().kind == Kind::kConflict;  // and no upload any more
    if (told || is_package) {
      (void)store_.forget_upload(one.id);
      continue;
    }
    log_warning("outbox: submission={} withdrawn: {}", one.id, told.error().message);
    untold = told.error();
    if (ends_the_round(untold->kind)) break;
  }
  if (!untold) failures_ = 0;
  if (untold) next_ = clock_.monotonic() + backoff(kAgain, failures_++, random_(), untold->retry_after);
  return untold;
}

}  // namespace shilu::sender

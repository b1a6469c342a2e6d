#include "upload/sender/withdrawals.h"

#include "firmware/base/log.h"
#include "upload/sender/backoff.h"

namespace shilu::sender {
namespace {

using Kind = CallError::Kind;

constexpr BackoffLimits kAgain{std::chrono::seconds(5), std::chrono::minutes(5)};

// It is no upload any more, but a package that the platform has.
bool is_an_end(Kind kind) {
  return kind == Kind::kRefused || kind == Kind::kConflict;
}

}  // namespace

std::optional<CallError> Withdrawals::tell(TusTransport& platform, const std::string& platform_url) {
  if (clock_.monotonic() < next_) return std::nullopt;
  const auto withdrawn = store_.submissions_to_abandon();
  if (!withdrawn) return std::nullopt;
  for (const store::Submission& one : *withdrawn) {
    // The token is this platform's, and so must be the address that hears it.
    const bool ours = one.upload_url->starts_with(platform_url);
    const auto told = ours ? platform.abandon(*one.upload_url) : CallResult<void>();
    if (!told && !is_an_end(told.error().kind)) {
      log_warning("outbox: submission={} withdrawn: {}", one.id, told.error().message);
      next_ = clock_.monotonic() + backoff(kAgain, failures_++, random_(), told.error().retry_after);
      return told.error();
    }
    failures_ = 0;
    (void)store_.forget_upload(one.id);
  }
  return std::nullopt;
}

}  // namespace shilu::sender

#include "upload/platform/store_urls.h"

#include "firmware/base/ids.h"
#include "firmware/base/log.h"
#include "upload/s3/url_probe.h"

namespace shilu::platform {
namespace {

constexpr Nanoseconds kRemembered = std::chrono::hours(24);

}  // namespace

Result<s3::PresignedDigest> StoreUrls::kind(s3::S3Client& store) {
  if (set_) return *set_;
  {
    const std::lock_guard lock(mutex_);
    if (known_ && clock_.monotonic() - asked_ < kRemembered) return *known_;
  }
  SHILU_TRY(const auto found, s3::probe_presigned(store, "incoming/probe-" + new_uuid()));
  const std::lock_guard lock(mutex_);
  if (known_ != found)
    log_info("object store: its presigned URLs {}",
             found == s3::PresignedDigest::kSigned ? "name each block's digest" : "cannot name a digest");
  known_ = found;
  asked_ = clock_.monotonic();
  return found;
}

}  // namespace shilu::platform

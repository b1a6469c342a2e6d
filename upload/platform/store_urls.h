#pragma once
// What kind of presigned URL the platform's store takes: what the settings say, or what the store answered
// when it was asked last. Thread-safe.

#include <mutex>
#include <optional>

#include "firmware/base/clock.h"
#include "upload/s3/s3_client.h"

namespace shilu::platform {

class StoreUrls {
 public:
  // `set`: by hand; nullopt: the store is asked.
  StoreUrls(std::optional<s3::PresignedDigest> set, const Clock& clock) : set_(set), clock_(clock) {}
  // Asks the store (four requests) the first time and once a day: it may have become another one. Errors as
  // of s3::probe_presigned.
  Result<s3::PresignedDigest> kind(s3::S3Client& store);

 private:
  const std::optional<s3::PresignedDigest> set_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::optional<s3::PresignedDigest> known_;
  MonotonicTime asked_{};
};

}  // namespace shilu::platform

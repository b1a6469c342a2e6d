#pragma once
// What every part of the platform may use; borrowed for its life. All members are thread-safe.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "config/catalogue.h"
#include "firmware/base/clock.h"
#include "firmware/base/keys.h"
#include "firmware/base/sealed_box.h"
#include "upload/platform/attempt_limiter.h"
#include "upload/platform/pending_joins.h"
#include "upload/platform/platform_store.h"
#include "upload/platform/store_talks.h"
#include "upload/platform/store_urls.h"
#include "upload/platform/upload_files.h"
#include "upload/s3/s3_client.h"

namespace shilu::platform {

struct PlatformSettings {
  std::filesystem::path directory;  // platform.sqlite, keys/, uploads/, packages/
  std::filesystem::path www;
  std::string name = "Shilu";
  std::string claim;
  std::string time_stamp_roots;  // PEM of who vouches for the devices' time stamp servers; empty: none count
  std::string address = "127.0.0.1";
  std::uint16_t port = 8790;
  std::uint64_t max_package = 20'000'000'000;           // bytes
  std::uint64_t reserve = 1'000'000'000;                // never filled by uploads
  std::optional<s3::Bucket> object_store;               // packages come through it, where the device can
  std::optional<s3::PresignedDigest> presigned_digest;  // of its URLs; nullopt: the store is asked
  PasswordCost password_cost;                           // of assessors' PINs that are new

  std::filesystem::path time_stamp_path(std::string_view sha256) const {
    return directory / "time-stamps" / (std::string(sha256) + ".tsr");
  }
  std::filesystem::path package_path(std::string_view sha256) const {
    return directory / "packages" / (std::string(sha256) + ".zip");
  }
};

struct Context {
  const PlatformSettings& settings;
  const config::Catalogue& catalogue;
  const Clock& clock;
  const SigningKey& receipt_key;
  const BoxKeyPair& identity_key;
  const std::string& operator_token;
  PlatformStore& store;
  UploadFiles& uploads;
  AttemptLimiter& claims;
  StoreUrls& store_urls;
  PendingJoins& joins;
  StoreTalks& store_talks;
  AttemptLimiter& sign_ins;
  std::function<void()> wake_verifier;  // an upload is complete
};

}  // namespace shilu::platform

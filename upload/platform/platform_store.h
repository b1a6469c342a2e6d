#pragma once
// The platform's database on one machine. Thread-safe: one connection behind one lock, held for one call. The
// clock is borrowed. Errors as firmware/store/database.h says; not found is kNotFound unless the result is an
// optional or a list.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"
#include "firmware/base/result.h"
#include "firmware/base/sealed_box.h"
#include "upload/evidence/revocation.h"

namespace shilu::platform {

inline constexpr std::int64_t kSession_ms = 12 * 3'600'000;  // how long a sign-in lasts

// How long an upload waits for its next bytes; and for its first.
inline constexpr std::int64_t kBegunUpload_ms = 7 * 24 * 3'600'000ll;
inline constexpr std::int64_t kEmptyUpload_ms = 6 * 3'600'000;

struct Device {
  std::string id;
  std::string name;
  std::string key_pem;
};

// As a certificate showed it; see platform_schema_2.sql.
struct DeviceKey {
  std::string id;
  std::string device;
  std::string role;  // "device", "recording", "seal"
  std::string pem;
  std::optional<std::string> level;
  std::optional<std::int64_t> not_before_utc_ms, not_after_utc_ms;
  std::optional<std::string> endorsed_by;
};

// See platform_schema_3.sql.
struct DeviceLogRow {
  std::string device;
  std::string checkpoint;
  std::int64_t seen_utc_ms = 0;
  std::string state;
  std::string detail;
  std::optional<std::string> refused;
};

struct Upload {
  std::string id;
  std::string device_id;
  std::int64_t size_bytes = 0;
  std::int64_t offset_bytes = 0;  // durable
  std::optional<std::string> announced_sha256;
  std::string metadata;
  std::int64_t expires_utc_ms = 0;
  bool taken = false;  // it has become a package; its file is gone from the uploads
};

// What a device announced of a package, block by block.
struct OfferedBlocks {
  std::string device_id;
  std::string package_sha256;
  std::int64_t size_bytes = 0;
  std::vector<Digest> blocks;  // of 8 MiB
  std::int64_t expires_utc_ms = 0;
};

// An upload that comes through an S3-compatible store.
struct ObjectUpload {
  Upload upload;
  std::string key;              // in the bucket
  std::string store_upload_id;  // of the multipart upload there
  bool joined = false;          // all parts are there and made one object
};

enum class PackageState { kVerifying, kAcknowledged, kRejected };
std::string_view to_string(PackageState state);

struct Package {
  std::string sha256;
  std::string device_id;
  std::int64_t size_bytes = 0;
  PackageState state = PackageState::kVerifying;
  std::int64_t received_utc_ms = 0;
  std::string reasons = "[]";  // JSON
  std::string facts = "[]";    // JSON
  std::string programme, point, lesson_id;
  std::string shown = "{}";  // JSON: what assessors may see (shown.h)
  std::optional<std::int64_t> receipt_number;
  std::optional<std::string> receipt;
  std::optional<std::string> verdict;
};

// What verification found in a package that is taken.
struct Accepted {
  std::string programme, point, lesson_id, shown, facts;
};

struct Identity {
  std::string teacher_id;
  bool signed_in = false;
  std::string fields = "{}";
};

struct Assessor {
  std::string id;
  std::string name;
};

struct SignIn {
  enum class Outcome { kSignedIn, kWrongPin, kWait } outcome = Outcome::kWrongPin;
  std::string token;
  std::int64_t wait_ms = 0;
};

enum class ReviewState { kNew, kDraft, kDone };
std::string_view to_string(ReviewState state);

struct Review {
  std::string id;
  std::string package;
  std::string assessor;
  bool third = false;
  ReviewState state = ReviewState::kNew;
  std::string sheet = "{}";
};

class PlatformStore {
 public:
  static Result<PlatformStore> open(const std::filesystem::path& file, const Clock& clock,
                                    PasswordCost password_cost = {});
  PlatformStore(PlatformStore&&) noexcept;
  PlatformStore& operator=(PlatformStore&&) noexcept;
  ~PlatformStore();

  // --- Devices. Enrolling a known key again gives it a new token; the old one ends.
  Result<std::string> enrol(const Device& device);  // -> token
  Result<std::optional<Device>> device_of_token(std::string_view token);
  Result<std::vector<Device>> devices();

  // --- Keys. kFailedPrecondition: it is known as another device's, in another role, or with another level.
  Status put_device_key(const DeviceKey& key);
  Result<std::vector<DeviceKey>> device_keys();
  Status revoke(const evidence::Revocation& revocation);  // of two the earlier moment stays
  Result<std::vector<evidence::Revocation>> revocations();

  // --- Logs of devices. kFailedPrecondition: what is there is not `replaces` (a checkpoint; "" for none).
  Status put_device_log(const DeviceLogRow& log, std::string_view replaces);
  Result<std::optional<DeviceLogRow>> device_log(std::string_view device_id);

  // --- Uploads
  Status put_offer(const OfferedBlocks& offer);  // in place of an older one for the same package
  // Empty: none was made for a package of that size.
  Result<std::vector<Digest>> offered_blocks(std::string_view device_id, std::string_view package_sha256,
                                             std::int64_t size_bytes);
  Status forget_old_offers();  // not those whose upload is under way: its blocks are still to be checked
  Status create_upload(const Upload& upload);
  Result<std::optional<Upload>> upload(std::string_view id);
  // Not yet taken, and its time not over; of several the one that has come farthest.
  Result<std::optional<Upload>> upload_of(std::string_view device_id, std::string_view announced_sha256);
  // More bytes give it kBegunUpload_ms from then on.
  Status set_offset(std::string_view id, std::int64_t offset_bytes);
  Status prolong_upload(std::string_view id);  // the same, where the bytes are elsewhere
  Status set_taken(std::string_view id);
  Status delete_upload(std::string_view id);
  Result<std::vector<Upload>> complete_uploads();  // all bytes are here, not yet taken
  Result<std::vector<Upload>> expired_uploads();   // unfinished or taken ones whose time is over
  // What the disk must hold, of all uploads or of one device's.
  Result<std::int64_t> bytes_still_to_come(std::optional<std::string_view> device_id = std::nullopt);

  Status create_object_upload(const ObjectUpload& object);  // with its upload
  Result<std::optional<ObjectUpload>> object_upload(std::string_view upload_id);
  Status set_joined(std::string_view upload_id);
  Result<std::vector<ObjectUpload>> joined_objects();  // not yet fetched whole

  // --- Packages
  // The upload is done: it becomes a package to verify, in one step. kAlreadyExists if the package is there
  // already; kFailedPrecondition if the upload was terminated.
  Status begin_verification(const Upload& upload, std::string_view sha256);
  Result<std::optional<Package>> package(std::string_view sha256);
  Result<std::vector<Package>> packages_to_verify();
  Result<std::vector<Package>> packages_without_verdict();  // acknowledged ones
  Result<std::int64_t> next_receipt_number();
  // One transaction: facts, identity, receipt (its number must be the next), and the two reviews.
  Status acknowledge(std::string_view sha256, const Accepted& accepted,
                     const std::optional<Identity>& identity, std::int64_t receipt_number,
                     std::string_view receipt, const std::vector<std::string>& assessors);
  Status reject(std::string_view sha256, std::string_view reasons, std::string_view facts);
  // A rejected package may be offered and sent again: it is forgotten.
  Status forget_rejected(std::string_view sha256);
  Status set_verdict(std::string_view sha256, std::string_view verdict);

  // --- Assessors
  // The PIN is hashed anew only if it changed; then the assessor's sessions end.
  Status put_assessor(const Assessor& assessor, std::string_view pin);
  // All others may not sign in any more, and what they have not handed in goes back to be given to others.
  Status keep_only_assessors(const std::vector<std::string>& ids);
  // Wrong PINs make the address that they come from wait, from the fifth on; those of all addresses together
  // make the account wait too, later and for less long, so that a stranger cannot keep its owner out.
  Result<SignIn> sign_in(std::string_view assessor_id, std::string_view pin, std::string_view address);
  Result<std::optional<Assessor>> assessor_of_token(std::string_view token);
  Result<std::optional<Assessor>> assessor(std::string_view id);
  Status sign_out(std::string_view token);
  // The `count` with the fewest open reviews that do not have this package yet, ties by id.
  Result<std::vector<std::string>> least_loaded(std::string_view package, int count);

  // --- Reviews
  Result<std::vector<Review>> reviews_of(std::string_view assessor_id);
  Result<std::vector<Review>> reviews_of_package(std::string_view package);  // by assessor's turn
  Result<std::optional<Review>> review(std::string_view id);
  // kFailedPrecondition once it is done, or when what is there is not `replaces`; nullopt: whatever is there.
  Status save_draft(std::string_view id, std::string_view sheet,
                    std::optional<std::string_view> replaces = std::nullopt);
  Status hand_in(std::string_view id, std::string_view sheet);  // likewise
  // No effect where one is assigned already: the package has two, it has a third, the assessor has it.
  Status assign(std::string_view package, std::string_view assessor_id);
  Status call_third(std::string_view package, std::string_view assessor_id);

 private:
  struct Impl;
  explicit PlatformStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::platform

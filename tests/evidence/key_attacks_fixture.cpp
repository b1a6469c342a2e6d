#include "tests/evidence/catalogue_fixture.h"
#include "tests/evidence/key_stage.h"
#include "upload/evidence/time_window.h"

namespace shilu::test {
namespace {

using evidence::VerifyReport;
using Outcome = Attack::Outcome;

constexpr const char* kClock = "the device's clock";
constexpr const char* kKey = "the seal key";
constexpr const char* kRecorded = "2026-05-28T20:26:40Z";
constexpr const char* kSealedAt = "2026-05-29T08:00:00Z";

VerifyReport of_times(std::string_view recorded, std::string_view sealed, std::string_view now) {
  return Sealed(recorded, sealed).verify_with(at_time(now));
}

VerifyReport revoked_at(std::string_view when) {
  const Sealed sealed(kRecorded, kSealedAt);
  return sealed.verify_with(revoking(sealed.seal_key(), when));
}

VerifyReport of_a_revoked_device() {
  const Sealed sealed(kRecorded, kSealedAt);
  const auto device = must(SigningKey::load(sealed.keys / "device.key")).public_key();
  return sealed.verify_with(revoking(device.id(), "2026-05-01T00:00:00Z"));
}

// The recording holds a nonce that the platform gave out later than the device says that it recorded.
VerifyReport older_than_its_nonce() {
  const auto platform = SigningKey::generate();
  TinyRecipe recipe;
  recipe.platform_nonce = must(evidence::sign_nonce({sha256(std::string_view("unforeseeable")),
                                                     at("2026-06-15T08:00:00Z"), "Prefecture"},
                                                    platform))
                              .to_json();
  const Sealed sealed(kRecorded, kSealedAt, recipe);
  evidence::VerifyOptions options;
  options.receipt_key = platform.public_key();
  return sealed.verify_with(options);
}

VerifyReport files_of_a_device_with_a_tpm() {
  const Sealed sealed(kRecorded, kSealedAt);
  const auto device = must(SigningKey::load(sealed.keys / "device.key")).public_key();
  evidence::VerifyOptions options;
  options.enrolled_levels[device.id()] = "hardware";
  return sealed.verify_with(options);
}

}  // namespace

std::vector<Attack> attacks_with_keys() {
  return {
      {"seal with a key whose certificate has expired", kKey, "certificate",
       [] { return of_times(kRecorded, "2028-05-28T00:00:00Z", "2028-06-01T00:00:00Z"); }},
      {"record with a key whose certificate has expired", "the recording key", "certificate",
       [] { return of_times("2028-05-28T00:00:00Z", "2028-05-20T00:00:00Z", "2028-06-01T00:00:00Z"); }},
      {"none: the certificate expired after the key had signed", "nothing", "certificate",
       [] { return of_times(kRecorded, kSealedAt, "2031-01-01T00:00:00Z"); }, Outcome::kHolds},
      {"set the clock back to before the key was made, and record", kClock, "certificate",
       [] { return of_times("2020-01-01T00:00:00Z", kSealedAt, "2026-06-01T00:00:00Z"); }},
      {"set the clock back by weeks, and record", kClock, "time", older_than_its_nonce},
      {"seal with a revoked key", kKey, "revocation", [] { return revoked_at("2026-05-29T07:59:59Z"); }},
      {"seal with a key of a revoked device", kKey, "revocation", of_a_revoked_device},
      {"seal with a revoked key and a clock set back to before", kKey, "revocation",
       [] { return revoked_at("2026-07-01T00:00:00Z"); }, Outcome::kHolds},
      {"pass off keys in files as those of a device with a TPM", "the device's files", "key-level",
       files_of_a_device_with_a_tpm},
  };
}

}  // namespace shilu::test

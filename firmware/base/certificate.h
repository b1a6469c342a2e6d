#pragma once
// The device key certifies the keys that work for it: the recording key (only the recorder reads it) and the
// seal key (only shilud). A certificate is a DSSE envelope signed by the device key; docs/ref/signatures.md.

#include <filesystem>
#include <string>

#include "firmware/base/clock.h"
#include "firmware/base/endorsement.h"

namespace shilu {

inline constexpr std::string_view kCertificateType = "application/vnd.shilu.key-certificate+json";

enum class KeyRole { kRecording, kSeal };
std::string_view to_string(KeyRole role);  // "recording", "seal"

struct KeyCertificate {
  KeyRole role = KeyRole::kRecording;
  PublicKey key;
  PublicKey device_key;
  std::string device_id;       // device_id_of(device_key)
  std::string issued_utc;      // RFC 3339, seconds, "Z"
  std::string not_before_utc;  // what the key signs outside these two is not the device's word
  std::string not_after_utc;
  std::string key_level;  // "hardware": the device key and this one are in a TPM; else "software"
  std::vector<Endorsement> endorsements;  // of the device key, newest first; empty: it never had another
  DsseEnvelope envelope;

  // The envelope carries the device's public key; that it signs proves consistency, not that the device is
  // known. kCorrupted also where the level cannot be: a key of a kind that no TPM of ours holds, called
  // "hardware".
  static Result<KeyCertificate> from_envelope(DsseEnvelope envelope);

  WallTime not_before() const;
  WallTime not_after() const;
  // The device's key and those that it had before, newest first.
  std::vector<PublicKey> device_keys() const;
  bool is_of_device(const PublicKey& device_key) const;  // one of them
};

std::string device_id_of(const PublicKey& device_key);  // "d-" + first 16 hex digits of the key id

// What a working process holds: its own key and the device's word for it.
struct CertifiedKey {
  SigningKey key;
  KeyCertificate certificate;
};

struct KeyOptions {
  std::string tpm;               // TCTI of the TPM in which new keys are made; empty: in files
  const Clock* clock = nullptr;  // null: the system's
};

// Keys of one device in one directory (0700): device.key, device.endorsements.json (once it had another), and
// for each role recording.key, recording.cert.json. Made on first use. A certificate holds for two years; in
// its second year, or when a clock that is synchronised stands before it, the next start makes a new key. The
// one before stays as recording.previous.key and .cert.json, for what was begun with it. Where that cannot be
// done (no device key, a TPM that does not answer), the old one goes on.
Result<CertifiedKey> load_or_create_certified(const std::filesystem::path& directory, KeyRole role,
                                              const KeyOptions& options = {});
// kNotFound if the role's key was never changed.
Result<CertifiedKey> load_previous_certified(const std::filesystem::path& directory, KeyRole role,
                                             const KeyOptions& options = {});

// For somebody who suspects a key, or changes its holder: a new key at once. rotate_device_key: a new
// device key, endorsed by the old one, which is destroyed, and with it new keys of both roles. Processes that
// run go on with what they hold until they start again.
Status rotate_key(const std::filesystem::path& directory, KeyRole role, const KeyOptions& options = {});
Status rotate_device_key(const std::filesystem::path& directory, const KeyOptions& options = {});

}  // namespace shilu

#pragma once
// The device key certifies the keys that work for it: the recording key (only the recorder reads it) and the seal
// key (only shilud). A certificate is a DSSE envelope signed by the device key; docs/ref/signatures.md.

#include <filesystem>
#include <string>

#include "firmware/base/dsse.h"

namespace shilu {

inline constexpr std::string_view kCertificateType = "application/vnd.shilu.key-certificate+json";

enum class KeyRole { kRecording, kSeal };
std::string_view to_string(KeyRole role);  // "recording", "seal"

struct KeyCertificate {
  KeyRole role = KeyRole::kRecording;
  PublicKey key;
  PublicKey device_key;
  std::string device_id;   // device_id_of(device_key)
  std::string issued_utc;  // RFC 3339, seconds, "Z"
  std::string key_level;   // "software": the device key is a file
  DsseEnvelope envelope;

  // The envelope carries the device's public key; that it signs proves consistency, not that the device is known.
  static Result<KeyCertificate> from_envelope(DsseEnvelope envelope);
};

std::string device_id_of(const PublicKey& device_key);  // "d-" + first 16 hex digits of the key id

// What a working process holds: its own key and the device's word for it.
struct CertifiedKey {
  SigningKey key;
  KeyCertificate certificate;
};

// Keys of one device in one directory (0700): device.key, recording.key, recording.cert.json, seal.key,
// seal.cert.json. Made on first use.
Result<CertifiedKey> load_or_create_certified(const std::filesystem::path& directory, KeyRole role);

}  // namespace shilu

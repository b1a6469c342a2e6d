#pragma once
// A device gets a new key: the old one says so. A DSSE envelope signed by the old device key, payload
//   {"device_key_pem": the new, "endorsed_utc", "previous_device_key_pem": the old}
// Certificates carry the chain back, the newest first, so that whoever knows an older key of a device knows
// it again. docs/ref/signatures.md.

#include <string>
#include <vector>

#include "firmware/base/dsse.h"

namespace shilu {

inline constexpr std::string_view kEndorsementType = "application/vnd.shilu.device-endorsement+json";
inline constexpr std::size_t kMaxEndorsements = 16;

struct Endorsement {
  PublicKey device_key;           // the new one
  PublicKey previous_device_key;  // which signed
  std::string endorsed_utc;       // RFC 3339
};

Result<DsseEnvelope> endorse(const PublicKey& device_key, const std::string& endorsed_utc,
                             const SigningKey& previous);
Result<Endorsement> open_endorsement(const DsseEnvelope& envelope);

// The whole chain behind `device_key`, newest first: kCorrupted where one link does not hold or they are too
// many.
Result<std::vector<Endorsement>> open_endorsements(const std::vector<DsseEnvelope>& envelopes,
                                                   const PublicKey& device_key);

}  // namespace shilu

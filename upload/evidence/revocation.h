#pragma once
// The platform's signed list of keys that do not count any more, each from a moment on.
// docs/ref/signatures.md, "Revocation".

#include <string>
#include <vector>

#include "firmware/base/clock.h"
#include "firmware/base/dsse.h"

namespace shilu::evidence {

inline constexpr std::string_view kRevocationsType = "application/vnd.shilu.revocations+json";

struct Revocation {
  std::string key_id;  // of a device, recording or seal key
  WallTime revoked;    // what it signed from then on does not count
  std::string reason;  // for people
};

struct RevocationList {
  std::string platform;
  std::string issued_utc;
  std::vector<Revocation> revoked;

  const Revocation* find(const PublicKey& key) const;
};

Result<DsseEnvelope> sign_revocations(const RevocationList& list, const SigningKey& key);
// kCorrupted: wrong type or content; kPermissionDenied: not signed by `key`.
Result<RevocationList> open_revocations(const DsseEnvelope& envelope, const PublicKey& key);

}  // namespace shilu::evidence

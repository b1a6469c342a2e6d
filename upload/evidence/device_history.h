#pragma once
// What the life of the device's keys says about what they signed: certified then? revoked since? held by
// what? Keys are judged at the time of the evidence, not of today. Inside this module only.
// docs/ref/signatures.md, "Keys and time".

#include <optional>
#include <string>
#include <vector>

#include "firmware/base/certificate.h"
#include "upload/evidence/facts.h"

namespace shilu::evidence {

// One thing that a certified key signed.
struct SignedAct {
  KeyCertificate certificate;
  WallTime at;  // by the device's clock
  bool synchronised = false;
};

// What nobody but the device itself says about the time of its signatures can be made up by whoever holds the
// key. `proven_before`: somebody else saw the seal, and with it everything it covers, by then.
void add_certificate_fact(FactList& facts, const std::vector<SignedAct>& acts, WallTime now);
void add_revocation_fact(FactList& facts, const std::vector<SignedAct>& acts, const VerifyOptions& options,
                         std::optional<WallTime> proven_before);
void add_key_level_fact(FactList& facts, const std::vector<SignedAct>& acts, const VerifyOptions& options);

}  // namespace shilu::evidence

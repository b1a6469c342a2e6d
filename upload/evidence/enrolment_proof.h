#pragma once
// That whoever enrols a device holds its key: everybody knows the public one, it stands in every package.
// docs/ref/platform-api.md

#include <optional>
#include <string>

#include "firmware/base/certificate.h"
#include "firmware/base/dsse.h"

namespace shilu::evidence {

inline constexpr std::string_view kEnrolmentType = "application/vnd.shilu.enrolment+json";
// By the platform's own clock, since it gave the nonce.
inline constexpr Nanoseconds kEnrolmentLifetime = std::chrono::minutes(10);

struct EnrolmentProof {
  std::string device_id;
  std::string name;    // of the device, as it enrols
  std::string claim;   // the platform's code: a proof that another platform lured out has another one
  DsseEnvelope nonce;  // the platform's
};
Result<DsseEnvelope> sign_enrolment(const EnrolmentProof& proof, const SigningKey& key);

// What a platform holds against it. The signature is the device key's, or its seal key's with `certificate`.
struct EnrolmentClaim {
  const PublicKey& device_key;
  const std::string& name;
  const std::string& claim;
  const std::optional<DsseEnvelope>& certificate;
};
// The key that signed. kPermissionDenied, and why: not signed by the device, for another device, name or
// claim code, or with a nonce that is old or not of `platform_key`.
Result<PublicKey> check_enrolment(const DsseEnvelope& proof, const EnrolmentClaim& claim,
                                  const PublicKey& platform_key, WallTime now);

}  // namespace shilu::evidence

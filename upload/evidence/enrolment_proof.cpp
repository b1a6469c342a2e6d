#include "upload/evidence/enrolment_proof.h"

#include "firmware/base/json_io.h"
#include "upload/evidence/time_window.h"

namespace shilu::evidence {
namespace {

constexpr std::string_view kFormat = "shilu-enrolment/1";

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorKind::kPermissionDenied, std::move(why));
}

Result<EnrolmentProof> read_proof(const DsseEnvelope& envelope) {
  if (envelope.payload_type != kEnrolmentType)
    return fail(ErrorKind::kCorrupted, "\"proof\" is no proof of an enrolment");
  SHILU_TRY(const Json json, parse_json(as_text(envelope.payload)));
  SHILU_TRY(const auto format, json_string(json, "format"));
  if (format != kFormat) return fail(ErrorKind::kCorrupted, "\"proof\" is of another format");
  EnrolmentProof proof;
  SHILU_TRY(proof.device_id, json_string(json, "device_id"));
  SHILU_TRY(proof.name, json_string(json, "name"));
  SHILU_TRY(proof.claim, json_string(json, "claim"));
  SHILU_TRY(const Json nonce, json_object(json, "nonce"));
  SHILU_TRY(proof.nonce, DsseEnvelope::from_json(canonical_json(nonce)));
  return proof;
}

// Whether the certificate still holds is not asked: the clock of a device that is new may be wrong, and a
// package by a key that does not hold is refused anyhow.
Result<PublicKey> signer_of(const DsseEnvelope& proof, const EnrolmentClaim& claim) {
  if (proof.verified_by(claim.device_key)) return claim.device_key;
  if (!claim.certificate) return refuse("It is not signed by the device's key.");
  SHILU_TRY(const auto certificate, KeyCertificate::from_envelope(*claim.certificate));
  const bool of_device =
      certificate.role == KeyRole::kSeal && certificate.device_key == claim.device_key;
  if (of_device && proof.verified_by(certificate.key)) return certificate.key;
  return refuse("It is not signed by the device's key, nor by the seal key of its certificate.");
}

}  // namespace

Result<DsseEnvelope> sign_enrolment(const EnrolmentProof& proof, const SigningKey& key) {
  SHILU_TRY(Json nonce, parse_json(proof.nonce.to_json()));
  const Json payload{{"format", kFormat},
                     {"device_id", proof.device_id},
                     {"name", proof.name},
                     {"claim", proof.claim},
                     {"nonce", std::move(nonce)}};
  return dsse_sign(kEnrolmentType, as_bytes(canonical_json(payload)), key);
}

Result<PublicKey> check_enrolment(const DsseEnvelope& envelope, const EnrolmentClaim& claim,
                                  const PublicKey& platform_key, WallTime now) {
  SHILU_TRY(const auto proof, read_proof(envelope));
  SHILU_TRY(const auto signer, signer_of(envelope, claim));
  if (proof.device_id != device_id_of(claim.device_key)) return refuse("It is of another device.");
  if (proof.name != claim.name) return refuse("It is for another name.");
  if (proof.claim != claim.claim) return refuse("It is for another claim code.");
  SHILU_TRY(const auto nonce, open_nonce(proof.nonce, platform_key));
  const Nanoseconds age(now.ns - nonce.issued.ns);
  if (age > kEnrolmentLifetime || age < -kEnrolmentLifetime)
    return refuse("It is too old. Ask for a new nonce.");
  return signer;
}

}  // namespace shilu::evidence

// firmware/base: dsse, certificate, keys (PEM and DER from outside); firmware/lesson: lesson_info;
// upload/evidence: seal, receipt, identity. The first byte chooses; payloads are signed by the key that they
// need.

#include "firmware/base/json_io.h"
#include "firmware/lesson/lesson_info.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_lesson.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/seal.h"

using namespace shilu;
using namespace shilu::evidence;

namespace {

enum Part : std::uint8_t {
  kEnvelope,
  kCertificate,
  kSealPayload,
  kSealTexts,
  kReceipt,
  kVerdict,
  kPem,
  kDer,
  kIdentity,
  kLessonInfo,
  kParts
};

void read_envelope(std::string_view text) {
  const auto envelope = DsseEnvelope::from_json(text);
  if (!envelope) return;
  const auto again = DsseEnvelope::from_json(envelope->to_json());
  fuzz::promise(again && again->to_json() == envelope->to_json(),
                "an envelope can be written and read again");
  fuzz::promise(
      !envelope->verified_by(fuzz::fuzz_lesson().device_key().public_key()) || !envelope->payload.empty(),
      "nothing signs an empty payload");
}

void read_certificate(ByteView payload) {
  const auto& device = fuzz::fuzz_lesson().device_key();
  const auto type = fuzz::fuzz_lesson().seal_key().certificate.envelope.payload_type;
  const auto certificate = KeyCertificate::from_envelope(dsse_sign(type, payload, device).value());
  if (certificate) fuzz::promise(certificate->device_key == device.public_key(), "the signer is the device");
}

void read_seal(ByteView payload) {
  const auto& key = fuzz::fuzz_lesson().seal_key();
  const auto seal =
      open_seal(dsse_sign(kSealType, payload, key.key).value().to_json(), key.certificate.envelope.to_json());
  if (seal) fuzz::promise(as_bytes(seal->seal.payload()).size() == payload.size(), "a seal has one payload");
}

void read_key(const Result<PublicKey>& key) {
  if (!key) return;
  const auto again = PublicKey::from_pem(key->pem());
  fuzz::promise(again && *again == *key, "a key can be written and read again");
  fuzz::promise(!key->verify(as_bytes("message"), Bytes(64)), "zeros are no signature");
}

void read_lesson_info(std::string_view text) {
  const auto info = LessonInfo::from_json(text);
  if (info)
    fuzz::promise(LessonInfo::from_json(info->to_json()).has_value(), "lesson.json can be written again");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto part = input.u8() % kParts;
  const auto& signer = fuzz::fuzz_lesson().device_key();
  if (part == kSealTexts) {
    const auto seal = input.chunk();
    static_cast<void>(open_seal(as_text(seal), as_text(input.rest())));
    return 0;
  }
  const ByteView rest = input.rest();
  if (part == kEnvelope) read_envelope(as_text(rest));
  if (part == kCertificate) read_certificate(rest);
  if (part == kSealPayload) read_seal(rest);
  if (part == kReceipt)
    static_cast<void>(open_receipt(dsse_sign(kReceiptType, rest, signer).value(), signer.public_key()));
  if (part == kVerdict)
    static_cast<void>(open_verdict(dsse_sign(kVerdictType, rest, signer).value(), signer.public_key()));
  if (part == kPem) read_key(PublicKey::from_pem(as_text(rest)));
  if (part == kDer) read_key(PublicKey::from_der(rest));
  if (part == kIdentity) static_cast<void>(identity_from_json(as_text(rest)));
  if (part == kLessonInfo) read_lesson_info(as_text(rest));
  return 0;
}

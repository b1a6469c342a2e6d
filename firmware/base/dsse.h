#pragma once
// DSSE envelopes (secure-systems-lab/dsse v1.0.2): every signature of ours has this one shape.
//   {"payloadType":T,"payload":base64(P),"signatures":[{"keyid":K,"sig":base64(S)}]}
//   S signs PAE(T,P) = "DSSEv1" SP len(T) SP T SP len(P) SP P
// Written as one line of JSON with the keys in that order and no blanks; read leniently as JSON, but with
// exactly one signature. docs/ref/signatures.md.

#include <string>

#include "firmware/base/keys.h"

namespace shilu {

struct DsseEnvelope {
  std::string payload_type;
  Bytes payload;
  std::string key_id;
  Bytes signature;

  std::string to_json() const;  // no newline at the end
  static Result<DsseEnvelope> from_json(std::string_view text);
  bool verified_by(const PublicKey& key) const;  // key id and signature both
};

Bytes dsse_pae(std::string_view payload_type, ByteView payload);
// Fails where the key does: a TPM that does not answer.
Result<DsseEnvelope> dsse_sign(std::string_view payload_type, ByteView payload, const SigningKey& key);

}  // namespace shilu

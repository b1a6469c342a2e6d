#pragma once
// The one form of an ECDSA signature on P-256: DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3), as openssl reads
// it, of exactly 71 bytes. Of s and n - s, which both verify, the signer takes the one that gives this size.
// So what is signed has a size that is known before, and nobody can turn one signature into a second one.
// docs/ref/signatures.md. Inside this module only.

#include <optional>

#include "firmware/base/bytes.h"

namespace shilu {

inline constexpr std::size_t kEcdsaSize = 71;

// nullopt: neither s nor n - s gives the size (r or s begins with a zero byte; 1 of 128): sign again.
std::optional<Bytes> in_one_form(ByteView der_signature);

}  // namespace shilu

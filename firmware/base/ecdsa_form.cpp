#include "firmware/base/ecdsa_form.h"

#include <openssl/err.h>

#include "firmware/base/openssl_owners.h"

namespace shilu {
namespace {

// The order n of P-256: SEC 2 section 2.4.2.
constexpr const char* kOrder = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

NumberOwner order() {
  BIGNUM* number = nullptr;
  must(BN_hex2bn(&number, kOrder) > 0);
  return NumberOwner(number);
}

Bytes to_der(const ECDSA_SIG* signature) {
  unsigned char* raw = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &raw);
  must(size > 0);
  Bytes der(raw, raw + size);
  OPENSSL_free(raw);
  return der;
}

// The same with n - s.
Bytes other_of(const ECDSA_SIG* signature) {
  NumberOwner r(BN_dup(ECDSA_SIG_get0_r(signature)));
  NumberOwner s(BN_new());
  must(r && s && BN_sub(s.get(), order().get(), ECDSA_SIG_get0_s(signature)) == 1);
  const EcdsaOwner other(ECDSA_SIG_new());
  must(other && ECDSA_SIG_set0(other.get(), r.release(), s.release()) == 1);
  return to_der(other.get());
}

}  // namespace

std::optional<Bytes> in_one_form(ByteView der_signature) {
  const unsigned char* cursor = der_signature.data();
  const EcdsaOwner signature(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der_signature.size())));
  ERR_clear_error();
  if (!signature) return std::nullopt;
  for (auto der : {to_der(signature.get()), other_of(signature.get())}) {
    if (der.size() == kEcdsaSize) return der;
  }
  return std::nullopt;
}

}  // namespace shilu

#pragma once
// Anonymous public-key encryption (libsodium crypto_box_seal: X25519 + XSalsa20-Poly1305). The platform alone
// can open the identity part of a package.

#include <cstdint>

#include "firmware/base/bytes.h"

namespace shilu {

struct BoxKeyPair {
  Bytes public_key;  // 32 bytes
  Bytes secret_key;  // 32 bytes
  static BoxKeyPair generate();
  // A 0600 file of one line, base64 of the secret key; made if missing.
  static Result<BoxKeyPair> load_or_create(std::string_view file);
};

Result<Bytes> seal_box(ByteView message, ByteView public_key);
Result<Bytes> open_box(ByteView box, const BoxKeyPair& keys);

// What one guess costs: Argon2id's passes over so many bytes. The standard is libsodium's "interactive"; less
// is for tests with hundreds of sign-ins.
struct PasswordCost {
  std::uint64_t passes = 2;
  std::size_t memory = 64u << 20;
};

// Argon2id for PINs; the string carries its salt and cost.
Result<std::string> hash_password(std::string_view password, PasswordCost cost = {});
bool password_matches(std::string_view hash, std::string_view password);

}  // namespace shilu

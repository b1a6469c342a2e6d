#pragma once
// Owners of OpenSSL's handles, for the files here that call it. Inside this module only.

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace shilu {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct KeyContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct NumberDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct EcdsaDeleter {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using KeyOwner = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using KeyContextOwner = std::unique_ptr<EVP_PKEY_CTX, KeyContextDeleter>;
using BioOwner = std::unique_ptr<BIO, BioDeleter>;
using DigestContextOwner = std::unique_ptr<EVP_MD_CTX, DigestContextDeleter>;
using NumberOwner = std::unique_ptr<BIGNUM, NumberDeleter>;
using EcdsaOwner = std::unique_ptr<ECDSA_SIG, EcdsaDeleter>;

// No memory or a broken library: not a state to go on in.
void must(bool condition);
BioOwner bio_over(std::string_view text);  // borrows the text
BioOwner empty_bio();
std::string text_of(BIO* bio);
// OpenSSL would ask on the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*);

}  // namespace shilu

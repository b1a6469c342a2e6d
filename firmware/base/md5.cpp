#include "firmware/base/md5.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace shilu {
namespace {

// Fails only where the installation forbids MD5 altogether (FIPS) or there is no memory.
void must(int done) {
  if (done != 1) std::abort();
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Md5 md5(ByteView bytes) {
  Md5 digest{};
  must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr));
  return digest;
}

struct Md5Hash::State {
  std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{EVP_MD_CTX_new()};
};

Md5Hash::Md5Hash() : state_(std::make_unique<State>()) {
  must(state_->context ? EVP_DigestInit_ex2(state_->context.get(), EVP_md5(), nullptr) : 0);
}
Md5Hash::~Md5Hash() = default;

void Md5Hash::update(ByteView bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

Md5 Md5Hash::finish() {
  Md5 digest{};
  must(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
  return digest;
}

}  // namespace shilu

#include "firmware/base/md5.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace shilu {

Md5 md5(ByteView bytes) {
  Md5 digest{};
  // Fails only where the installation forbids MD5 altogether (FIPS) or there is no memory.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) std::abort();
  return digest;
}

}  // namespace shilu

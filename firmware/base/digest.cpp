#include "firmware/base/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "firmware/base/unique_fd.h"

namespace shilu {
namespace {

// A failure of these can only be a broken installation or no memory: nothing that we write could be trusted.
void must(bool condition) {
  if (!condition) std::abort();
}

// Fetched once: EVP_sha256() would look its provider up again at every digest.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  must(algorithm != nullptr);
  return algorithm;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string to_hex(const Digest& digest) {
  return to_hex(ByteView(digest));
}

Result<Digest> digest_from_hex(std::string_view text) {
  const bool plain = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
  if (!plain)
    return fail(ErrorKind::kInvalidArgument, "a SHA-256 digest is 64 lower-case hexadecimal digits");
  SHILU_TRY(const auto bytes, from_hex(text));
  Digest digest{};
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Digest sha256(ByteView bytes) {
  Digest digest{};
  must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256_algorithm(), nullptr) == 1);
  return digest;
}

Digest sha256(std::string_view text) {
  return sha256(as_bytes(text));
}

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  must(state_->context && EVP_DigestInit_ex2(state_->context.get(), sha256_algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest{};
  must(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Result<Digest> sha256_file(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, fmt::format("open {}", path.string()));
  Sha256 hash;
  Bytes block(1u << 20);
  for (;;) {
    const auto count = ::read(fd.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("read {}", path.string()));
    if (count == 0) return hash.finish();
    hash.update(ByteView(block).first(static_cast<std::size_t>(count)));
  }
}

std::uint32_t crc32(ByteView bytes, std::uint32_t seed) {
  // It takes a null pointer as "give me the start value" and would forget the seed.
  if (bytes.empty()) return seed;
  return ::libdeflate_crc32(seed, bytes.data(), bytes.size());
}

Digest hmac_sha256(ByteView key, ByteView message) {
  must(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  static constexpr std::uint8_t kNoKey = 0;  // OpenSSL takes a null key as "the last one again"
  Digest digest{};
  must(HMAC(sha256_algorithm(), key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()),
            message.data(), message.size(), digest.data(), nullptr) != nullptr);
  return digest;
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t done = 0; done < count;) {
    const auto got = ::getrandom(bytes.data() + done, count - done, 0);
    must(got > 0 || errno == EINTR);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace shilu

#include "firmware/base/keys.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <limits>

#include "firmware/base/file_system.h"

namespace shilu {
namespace {

constexpr std::size_t kSignatureSize = 64;
constexpr std::string_view kPublicHeader = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPublicFooter = "-----END PUBLIC KEY-----";

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyOwner = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using BioOwner = std::unique_ptr<BIO, BioDeleter>;
using ContextOwner = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

// No memory or a broken library: not a state to go on in.
void must(bool condition) {
  if (!condition) std::abort();
}

BioOwner bio_over(std::string_view text) {
  must(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  BioOwner bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  must(bio != nullptr);
  return bio;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Bytes der_of(EVP_PKEY* key) {
  unsigned char* raw = nullptr;
  const int size = i2d_PUBKEY(key, &raw);
  must(size > 0);
  Bytes der(raw, raw + size);
  OPENSSL_free(raw);
  return der;
}

bool is_ed25519(const EVP_PKEY* key) {
  return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

// OpenSSL would ask on the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

struct PublicKey::Handle {
  KeyOwner key;
};

Result<PublicKey> PublicKey::from_der(ByteView spki) {
  const unsigned char* cursor = spki.data();
  KeyOwner key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())));
  ERR_clear_error();
  if (!is_ed25519(key.get()) || cursor != spki.data() + spki.size()) {
    return fail(ErrorKind::kInvalidArgument, "this is not an Ed25519 public key");
  }
  PublicKey result;
  result.id_ = "sha256:" + to_hex(sha256(der_of(key.get())));
  const BioOwner bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
  result.pem_ = text_of(bio.get());
  result.handle_ = std::make_shared<const Handle>(Handle{std::move(key)});
  return result;
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const auto bio = bio_over(pem);
  const KeyOwner key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!is_ed25519(key.get()))
    return fail(ErrorKind::kInvalidArgument, "this is not an Ed25519 public key in PEM");
  return from_der(der_of(key.get()));
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  if (!handle_ || signature.size() != kSignatureSize) return false;
  const ContextOwner context(EVP_MD_CTX_new());
  must(context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle_->key.get()) == 1);
  const int verdict =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
  ERR_clear_error();
  return verdict == 1;
}

SigningKey SigningKey::generate() {
  KeyOwner key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  must(key != nullptr);
  const BioOwner bio(BIO_new(BIO_s_mem()));
  must(bio &&
       PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  auto result = from_pem(text_of(bio.get()));
  must(result.has_value());
  return std::move(*result);
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const auto bio = bio_over(pem);
  KeyOwner key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!is_ed25519(key.get()))
    return fail(ErrorKind::kInvalidArgument, "this is not an Ed25519 private key in PEM");
  SigningKey result;
  SHILU_TRY(result.public_key_, PublicKey::from_der(der_of(key.get())));
  result.handle_ = std::make_shared<const PublicKey::Handle>(PublicKey::Handle{std::move(key)});
  return result;
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& file) {
  SHILU_TRY(const auto pem, read_text_file(file, 64u << 10));
  auto key = from_pem(pem);
  if (!key) return fail(ErrorKind::kCorrupted, fmt::format("{} holds no Ed25519 private key", file.string()));
  return key;
}

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& file) {
  if (auto key = load(file); key || key.error().kind != ErrorKind::kNotFound) return key;
  const auto key = generate();
  const auto created = write_new_file_atomic(file, as_bytes(key.private_pem()), 0600);
  // Another process was faster: its key is the key.
  if (!created && created.error().kind == ErrorKind::kAlreadyExists) return load(file);
  SHILU_CHECK(created);
  return key;
}

std::string SigningKey::private_pem() const {
  const BioOwner bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_->key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1);
  return text_of(bio.get());
}

Bytes SigningKey::sign(ByteView message) const {
  const ContextOwner context(EVP_MD_CTX_new());
  must(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_->key.get()) == 1);
  Bytes signature(kSignatureSize);
  std::size_t size = signature.size();
  must(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
  must(size == kSignatureSize);
  return signature;
}

Result<std::vector<PublicKey>> load_public_keys(const std::filesystem::path& file) {
  SHILU_TRY(const auto text, read_text_file(file, 1u << 20));
  std::vector<PublicKey> keys;
  for (auto start = text.find(kPublicHeader); start != text.npos;
       start = text.find(kPublicHeader, start + 1)) {
    const auto end = text.find(kPublicFooter, start);
    const auto block = text.substr(start, end == text.npos ? end : end + kPublicFooter.size() - start);
    auto key = PublicKey::from_pem(block);
    if (!key) return fail(key.error().within(file.string()));
    keys.push_back(std::move(*key));
  }
  if (keys.empty())
    return fail(ErrorKind::kInvalidArgument, fmt::format("{} holds no public key", file.string()));
  return keys;
}

}  // namespace shilu

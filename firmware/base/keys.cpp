#include "firmware/base/keys.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>

#include "firmware/base/ecdsa_form.h"
#include "firmware/base/file_system.h"
#include "firmware/base/key_holder.h"
#include "firmware/base/openssl_owners.h"

namespace shilu {
namespace {

constexpr std::size_t kEd25519Size = 64;
constexpr std::string_view kPublicHeader = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPublicFooter = "-----END PUBLIC KEY-----";

// Everything of a SubjectPublicKeyInfo in front of the key itself: RFC 8410 section 4, and RFC 5480 section 2
// with a named curve and an uncompressed point. One key has one encoding, and so one id.
constexpr std::array<std::uint8_t, 12> kEd25519Prefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::array<std::uint8_t, 27> kP256Prefix{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

bool begins_with(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

std::optional<KeyAlgorithm> algorithm_of(ByteView spki) {
  if (begins_with(spki, kEd25519Prefix)) return KeyAlgorithm::kEd25519;
  if (begins_with(spki, kP256Prefix)) return KeyAlgorithm::kEcdsaP256;
  return std::nullopt;
}

tl::unexpected<Error> not_a_public_key() {
  return fail(ErrorKind::kInvalidArgument, "this is not a public key of Ed25519 or P-256");
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

// The private key in this process's memory.
class FileKey final : public KeyHolder {
 public:
  explicit FileKey(KeyOwner key) : key_(std::move(key)) {}

  KeyLevel level() const override { return KeyLevel::kSoftware; }

  std::string file_text() const override {
    const auto bio = empty_bio();
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(bio.get());
  }

  Result<PublicKey> public_key() const override { return PublicKey::from_der(der_of(key_.get())); }

  Result<Bytes> sign(ByteView message) const override {
    const DigestContextOwner context(EVP_MD_CTX_new());
    must(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
    Bytes signature(kEd25519Size);
    std::size_t size = signature.size();
    must(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
    must(size == kEd25519Size);
    return signature;
  }

 private:
  KeyOwner key_;
};

Result<KeyHolderOwner> open_holder(std::string_view pem, const Tpm& tpm) {
  if (is_tpm_key(pem)) {
    if (tpm.tcti.empty())
      return fail(ErrorKind::kFailedPrecondition, "the key is in a TPM, and no TPM is named");
    return open_tpm_key(pem, tpm);
  }
  const auto bio = bio_over(pem);
  KeyOwner key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!is_ed25519(key.get()))
    return fail(ErrorKind::kInvalidArgument, "this is not an Ed25519 private key in PEM");
  return std::make_shared<const FileKey>(std::move(key));
}

}  // namespace

std::string_view to_string(KeyLevel level) {
  return level == KeyLevel::kHardware ? "hardware" : "software";
}

Result<KeyLevel> key_level_from(std::string_view text) {
  for (const auto level : {KeyLevel::kSoftware, KeyLevel::kHardware}) {
    if (text == to_string(level)) return level;
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not a level of a key", text));
}

struct PublicKey::Handle {
  KeyOwner key;
};

Result<PublicKey> PublicKey::from_der(ByteView spki) {
  const auto algorithm = algorithm_of(spki);
  if (!algorithm) return not_a_public_key();
  const unsigned char* cursor = spki.data();
  KeyOwner key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())));
  ERR_clear_error();
  if (key == nullptr || cursor != spki.data() + spki.size()) return not_a_public_key();
  PublicKey result;
  result.algorithm_ = *algorithm;
  result.id_ = "sha256:" + to_hex(sha256(spki));
  const auto bio = empty_bio();
  must(PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
  result.pem_ = text_of(bio.get());
  result.handle_ = std::make_shared<const Handle>(Handle{std::move(key)});
  return result;
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const auto bio = bio_over(pem);
  const KeyOwner key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (key == nullptr) return not_a_public_key();
  return from_der(der_of(key.get()));
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  const bool ecdsa = algorithm_ == KeyAlgorithm::kEcdsaP256;
  if (!handle_ || signature.size() != (ecdsa ? kEcdsaSize : kEd25519Size)) return false;
  const DigestContextOwner context(EVP_MD_CTX_new());
  must(context && EVP_DigestVerifyInit(context.get(), nullptr, ecdsa ? EVP_sha256() : nullptr, nullptr,
                                       handle_->key.get()) == 1);
  const int verdict =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
  ERR_clear_error();
  return verdict == 1;
}

Result<SigningKey> SigningKey::held_by(KeyHolderOwner holder) {
  SigningKey key;
  SHILU_TRY(key.public_key_, holder->public_key());
  key.holder_ = std::move(holder);
  return key;
}

SigningKey SigningKey::generate() {
  KeyOwner key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  must(key != nullptr);
  auto result = held_by(std::make_shared<const FileKey>(std::move(key)));
  must(result.has_value());
  return std::move(*result);
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  return open_holder(pem, {}).and_then(held_by);
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& file, const std::string& tpm) {
  SHILU_TRY(const auto pem, read_text_file(file, 64u << 10));
  auto key = open_holder(pem, {tpm, file.parent_path()}).and_then(held_by);
  if (key) return key;
  if (key.error().kind == ErrorKind::kInvalidArgument)
    return fail(ErrorKind::kCorrupted, fmt::format("{} holds no private key", file.string()));
  return fail(key.error().within(file.string()));
}

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& file, const std::string& tpm) {
  if (auto key = load(file, tpm); key || key.error().kind != ErrorKind::kNotFound) return key;
  auto key = Result<SigningKey>(generate());
  if (!tpm.empty()) key = make_tpm_key({tpm, file.parent_path()}).and_then(held_by);
  if (!key) return fail(key.error().within(file.string()));
  const auto created = write_new_file_atomic(file, as_bytes(key->file_text()), 0600);
  // Another process was faster: its key is the key.
  if (!created && created.error().kind == ErrorKind::kAlreadyExists) return load(file, tpm);
  SHILU_CHECK(created);
  return key;
}

KeyLevel SigningKey::level() const {
  return holder_->level();
}

std::string SigningKey::file_text() const {
  return holder_->file_text();
}

Result<Bytes> SigningKey::sign(ByteView message) const {
  return holder_->sign(message);
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

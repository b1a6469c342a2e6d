// Keys in a TPM 2.0, through OpenSSL's provider `tpm2` (tpm2-openssl). The key's file holds what the TPM
// wrapped ("TSS2 PRIVATE KEY"): only that TPM can use it.
//
// The TPM is held for one call at a time: connect, load, sign, let go. Nothing of ours stays in its few
// slots, a process that is killed leaves nothing behind, and recorder and shilud can share one that knows no
// sharing. That costs some milliseconds of the TPM (which makes its primary key anew each time), and none of
// ours.

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "firmware/base/ecdsa_form.h"
#include "firmware/base/key_holder.h"
#include "firmware/base/openssl_owners.h"
#include "firmware/base/unique_fd.h"

namespace shilu {
namespace {

constexpr std::string_view kHeader = "-----BEGIN TSS2 PRIVATE KEY-----";
constexpr const char* kOnTpm = "?provider=tpm2";
// A slow TPM needs about a second. One that hangs must not take its caller along.
constexpr auto kPatience = std::chrono::seconds(5);
// Each try misses the one form with 1 in 128.
constexpr int kTries = 20;

struct LibraryDeleter {
  void operator()(OSSL_LIB_CTX* library) const { OSSL_LIB_CTX_free(library); }
};
using LibraryOwner = std::unique_ptr<OSSL_LIB_CTX, LibraryDeleter>;

// What OpenSSL says last is the most particular.
tl::unexpected<Error> tpm_error(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return fail(ErrorKind::kUnavailable,
              fmt::format("the TPM does not {}: {}", what, reason == nullptr ? "no reason given" : reason));
}

// The provider (1.1.1) takes the TPM's name from the environment and from nowhere else. It is set when the
// first key is opened, in the main thread of every program of ours, and then stays what it is.
void name_tpm(const std::string& tcti) {
  static constexpr const char* kVariable = "TPM2OPENSSL_TCTI";
  const char* now = std::getenv(kVariable);
  if (now == nullptr || tcti != now) must(::setenv(kVariable, tcti.c_str(), 1) == 0);
}

// A library context of its own, with the provider loaded for this TPM. The connection ends with it.
Result<LibraryOwner> connect(const std::string& tcti) {
  static std::mutex mutex;  // between naming and loading
  LibraryOwner library(OSSL_LIB_CTX_new());
  must(library != nullptr);
  const std::lock_guard lock(mutex);
  name_tpm(tcti);
  must(OSSL_PROVIDER_load(library.get(), "default") != nullptr);
  if (OSSL_PROVIDER_load(library.get(), "tpm2") == nullptr)
    return tpm_error(fmt::format("answer at {} (or OpenSSL's provider tpm2 is not installed)", tcti));
  return library;
}

Result<KeyOwner> read_key(OSSL_LIB_CTX* library, const std::string& pem) {
  const auto bio = bio_over(pem);
  KeyOwner key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_password, nullptr, library, kOnTpm));
  if (!key) return tpm_error("take the key");
  ERR_clear_error();
  return key;
}

Result<Bytes> sign_once(OSSL_LIB_CTX* library, EVP_PKEY* key, const Digest& digest) {
  const KeyContextOwner context(EVP_PKEY_CTX_new_from_pkey(library, key, kOnTpm));
  std::size_t size = 0;
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_sign(context.get(), nullptr, &size, digest.data(), digest.size()) != 1) {
    return tpm_error("begin to sign");
  }
  Bytes signature(size);
  if (EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()) != 1)
    return tpm_error("sign");
  signature.resize(size);
  return signature;
}

// Connects, calls, lets go. One at a time of all programs that use the keys of this directory: two would take
// each other's slots, and what fails then leaves them taken.
template <typename T>
Result<T> in_turn(const Tpm& tpm, const std::function<Result<T>(OSSL_LIB_CTX*)>& call) {
  const auto directory = tpm.directory.empty() ? std::filesystem::path(".") : tpm.directory;
  const UniqueFd turn(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!turn || ::flock(turn.get(), LOCK_EX) != 0)
    return fail_errno(errno, fmt::format("wait for the turn at {}", directory.string()));
  SHILU_TRY(const auto library, connect(tpm.tcti));
  return call(library.get());
}

Result<Bytes> sign_with(OSSL_LIB_CTX* library, const std::string& pem, const Digest& digest) {
  SHILU_TRY(const auto key, read_key(library, pem));
  for (int i = 0; i < kTries; ++i) {
    SHILU_TRY(const auto signature, sign_once(library, key.get(), digest));
    if (auto formed = in_one_form(signature)) return std::move(*formed);
  }
  return fail(ErrorKind::kUnavailable, "the TPM gives no signature of the usual form");
}

Result<std::string> public_text(OSSL_LIB_CTX* library, const std::string& pem) {
  SHILU_TRY(const auto key, read_key(library, pem));
  const auto bio = empty_bio();
  if (PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) return tpm_error("tell the public key");
  return text_of(bio.get());
}

// What stands in front of the two coordinates in a SubjectPublicKeyInfo: keys.cpp.
constexpr std::string_view kPublicPrefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
constexpr std::size_t kCoordinate = 32;

// DER: the content of the element at the front of `der`, which goes on behind it. Lengths up to 65,535 are
// enough.
ByteView take_element(ByteView& der) {
  ByteReader reader(der);
  reader.u8();
  std::size_t size = reader.u8();
  if (size == 0x81) size = reader.u8();
  if (size == 0x82) size = reader.u16();
  const auto content = reader.bytes(size);
  der = reader.ok() ? der.last(reader.remaining()) : ByteView();
  return content;
}

// The file tells its public key (TPMT_PUBLIC of TPM 2.0 part 2, which ends in the two coordinates), so that a
// recorder starts although its TPM does not answer. SEQUENCE { type, [0] emptyAuth, parent, OCTET STRING
// public, ... }.
std::optional<PublicKey> public_key_inside(std::string_view pem) {
  std::string body(pem.substr(std::min(pem.size(), kHeader.size())));
  body.resize(std::min(body.size(), body.find("-----END")));
  std::erase(body, '\n');
  const auto der = from_base64(body);
  if (!der) return std::nullopt;
  ByteView rest(*der);
  rest = take_element(rest);
  for (int i = 0; i < 3; ++i) take_element(rest);
  const auto area = take_element(rest);
  if (area.size() < 2 * (2 + kCoordinate)) return std::nullopt;
  ByteReader reader(area.last(2 * (2 + kCoordinate)));
  auto spki = from_hex(kPublicPrefix).value();
  for (int i = 0; i < 2; ++i) {
    if (reader.u16() != kCoordinate) return std::nullopt;
    put_bytes(spki, reader.bytes(kCoordinate));
  }
  auto key = PublicKey::from_der(spki);
  return key ? std::optional(std::move(*key)) : std::nullopt;
}

Result<std::string> make_with(OSSL_LIB_CTX* library) {
  const KeyContextOwner context(EVP_PKEY_CTX_new_from_name(library, "EC", "provider=tpm2"));
  EVP_PKEY* raw = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_group_name(context.get(), "P-256") != 1 ||
      EVP_PKEY_generate(context.get(), &raw) != 1) {
    return tpm_error("make a key");
  }
  const KeyOwner key(raw);
  const auto bio = empty_bio();
  if (PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return tpm_error("give the key to be kept");
  return text_of(bio.get());
}

// Runs `call` on a thread of its own and waits for it, but not for ever. A call that hangs keeps its thread:
// the driver gives no way to end it.
template <typename T>
Result<T> with_patience(std::function<Result<T>()> call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  std::thread([promise, call = std::move(call)] { promise->set_value(call()); }).detach();
  if (answer.wait_for(kPatience) == std::future_status::ready) return answer.get();
  return fail(ErrorKind::kTimedOut, "the TPM did not answer in time");
}

class TpmKey final : public KeyHolder {
 public:
  TpmKey(std::string pem, Tpm tpm) : pem_(std::move(pem)), tpm_(std::move(tpm)) {}

  KeyLevel level() const override { return KeyLevel::kHardware; }
  std::string file_text() const override { return pem_; }

  Result<PublicKey> public_key() const override {
    if (auto key = public_key_inside(pem_)) return std::move(*key);
    SHILU_TRY(const auto text, with_patience<std::string>([pem = pem_, tpm = tpm_] {
                return in_turn<std::string>(tpm,
                                            [&](OSSL_LIB_CTX* library) { return public_text(library, pem); });
              }));
    return PublicKey::from_pem(text);
  }

  Result<Bytes> sign(ByteView message) const override {
    // One hanging call is enough: no others pile up behind it.
    if (calls_->load() > 0 && hangs_->load())
      return fail(ErrorKind::kUnavailable, "the TPM still hangs in an earlier call");
    ++*calls_;
    auto signature = with_patience<Bytes>([pem = pem_, tpm = tpm_, digest = sha256(message), calls = calls_] {
      auto made = in_turn<Bytes>(tpm, [&](OSSL_LIB_CTX* library) { return sign_with(library, pem, digest); });
      --*calls;
      return made;
    });
    hangs_->store(!signature && signature.error().kind == ErrorKind::kTimedOut);
    return signature;
  }

 private:
  const std::string pem_;
  const Tpm tpm_;
  const std::shared_ptr<std::atomic<int>> calls_ = std::make_shared<std::atomic<int>>(0);
  const std::shared_ptr<std::atomic<bool>> hangs_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

bool is_tpm_key(std::string_view pem) {
  return pem.starts_with(kHeader);
}

KeyHolderOwner open_tpm_key(std::string_view pem, const Tpm& tpm) {
  return std::make_shared<const TpmKey>(std::string(pem), tpm);
}

Result<KeyHolderOwner> make_tpm_key(const Tpm& tpm) {
  SHILU_TRY(const auto pem,
            with_patience<std::string>([tpm] { return in_turn<std::string>(tpm, make_with); }));
  return open_tpm_key(pem, tpm);
}

}  // namespace shilu

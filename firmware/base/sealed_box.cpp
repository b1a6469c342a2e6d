#include "firmware/base/sealed_box.h"

#include <fmt/format.h>
#include <sodium.h>

#include <cstdlib>
#include <filesystem>

#include "firmware/base/file_system.h"

namespace shilu {
namespace {

void ensure_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

Result<BoxKeyPair> load_box_key(const std::filesystem::path& file) {
  SHILU_TRY(auto text, read_text_file(file, 4096));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto secret = from_base64(text);
  if (!secret || secret->size() != crypto_box_SECRETKEYBYTES) {
    return fail(ErrorKind::kCorrupted, fmt::format("{} holds no key of a sealed box", file.string()));
  }
  BoxKeyPair keys{Bytes(crypto_box_PUBLICKEYBYTES), std::move(*secret)};
  crypto_scalarmult_base(keys.public_key.data(), keys.secret_key.data());
  return keys;
}

}  // namespace

BoxKeyPair BoxKeyPair::generate() {
  ensure_sodium();
  BoxKeyPair keys{Bytes(crypto_box_PUBLICKEYBYTES), Bytes(crypto_box_SECRETKEYBYTES)};
  crypto_box_keypair(keys.public_key.data(), keys.secret_key.data());
  return keys;
}

Result<BoxKeyPair> BoxKeyPair::load_or_create(std::string_view file) {
  ensure_sodium();
  const std::filesystem::path path(file);
  if (auto keys = load_box_key(path); keys || keys.error().kind != ErrorKind::kNotFound) return keys;
  const auto keys = generate();
  const auto created = write_new_file_atomic(path, as_bytes(to_base64(keys.secret_key) + "\n"), 0600);
  // Another process was faster: its key is the key.
  if (!created && created.error().kind == ErrorKind::kAlreadyExists) return load_box_key(path);
  SHILU_CHECK(created);
  return keys;
}

Result<Bytes> seal_box(ByteView message, ByteView public_key) {
  ensure_sodium();
  if (public_key.size() != crypto_box_PUBLICKEYBYTES) {
    return fail(ErrorKind::kInvalidArgument, "the public key of a sealed box is 32 bytes");
  }
  Bytes box(message.size() + crypto_box_SEALBYTES);
  if (crypto_box_seal(box.data(), message.data(), message.size(), public_key.data()) != 0) {
    return fail(ErrorKind::kInvalidArgument, "the public key of the sealed box is not usable");
  }
  return box;
}

Result<Bytes> open_box(ByteView box, const BoxKeyPair& keys) {
  ensure_sodium();
  if (keys.public_key.size() != crypto_box_PUBLICKEYBYTES ||
      keys.secret_key.size() != crypto_box_SECRETKEYBYTES) {
    return fail(ErrorKind::kInvalidArgument, "the keys of a sealed box are 32 bytes each");
  }
  if (box.size() < crypto_box_SEALBYTES) return fail(ErrorKind::kCorrupted, "the sealed box is cut off");
  Bytes message(box.size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(message.data(), box.data(), box.size(), keys.public_key.data(),
                           keys.secret_key.data()) != 0) {
    return fail(ErrorKind::kCorrupted, "the sealed box is damaged or meant for another key");
  }
  return message;
}

static_assert(PasswordCost{}.passes == crypto_pwhash_OPSLIMIT_INTERACTIVE &&
              PasswordCost{}.memory == crypto_pwhash_MEMLIMIT_INTERACTIVE);

Result<std::string> hash_password(std::string_view password, PasswordCost cost) {
  ensure_sodium();
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), cost.passes, cost.memory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(ErrorKind::kUnavailable, "not enough memory to hash a password");
  }
  hash.resize(hash.find('\0'));
  return hash;
}

bool password_matches(std::string_view hash, std::string_view password) {
  ensure_sodium();
  const std::string terminated(hash);
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

}  // namespace shilu

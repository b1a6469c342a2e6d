#pragma once
// Ed25519 keys (RFC 8032) in the files that openssl reads: PKCS#8 "PRIVATE KEY" and SubjectPublicKeyInfo
// "PUBLIC KEY" PEM. Keys are values; using one from several threads at once is safe.

#include <filesystem>
#include <memory>
#include <string>

#include "firmware/base/bytes.h"
#include "firmware/base/digest.h"

namespace shilu {

class PublicKey {
 public:
  static Result<PublicKey> from_pem(std::string_view pem);
  static Result<PublicKey> from_der(ByteView spki);
  const std::string& pem() const { return pem_; }
  // "sha256:" + hex SHA-256 of the SubjectPublicKeyInfo DER. Names the key in every signature.
  const std::string& id() const { return id_; }
  bool verify(ByteView message, ByteView signature) const;  // signature: 64 bytes
  bool operator==(const PublicKey& other) const { return id_ == other.id_; }

 private:
  friend class SigningKey;
  struct Handle;
  std::shared_ptr<const Handle> handle_;
  std::string pem_;
  std::string id_;
};

class SigningKey {
 public:
  static SigningKey generate();
  static Result<SigningKey> from_pem(std::string_view pem);
  // Loads the key of the file, or makes one and stores it (mode 0600, synced with its directory).
  static Result<SigningKey> load_or_create(const std::filesystem::path& file);
  static Result<SigningKey> load(const std::filesystem::path& file);
  std::string private_pem() const;
  const PublicKey& public_key() const { return public_key_; }
  Bytes sign(ByteView message) const;  // 64 bytes

 private:
  std::shared_ptr<const PublicKey::Handle> handle_;
  PublicKey public_key_;
};

// Every PUBLIC KEY block of a PEM file, in order: what `--trust` takes.
Result<std::vector<PublicKey>> load_public_keys(const std::filesystem::path& file);

}  // namespace shilu

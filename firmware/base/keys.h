#pragma once
// Signing keys, whatever holds them, and the public keys that check what they sign. Two algorithms: Ed25519
// (RFC 8032) in a file of mode 0600, and ECDSA on P-256 with SHA-256 in a TPM 2.0 (docs/ref/signatures.md).
// Public keys are SubjectPublicKeyInfo "PUBLIC KEY" PEM. Keys are values; using one from several threads at
// once is safe.

#include <filesystem>
#include <memory>
#include <string>

#include "firmware/base/bytes.h"
#include "firmware/base/digest.h"

namespace shilu {

enum class KeyAlgorithm { kEd25519, kEcdsaP256 };

// What it takes to get at the private key: reading a file, or owning the machine.
enum class KeyLevel { kSoftware, kHardware };
std::string_view to_string(KeyLevel level);  // "software", "hardware"
Result<KeyLevel> key_level_from(std::string_view text);

class PublicKey {
 public:
  static Result<PublicKey> from_pem(std::string_view pem);
  static Result<PublicKey> from_der(ByteView spki);
  KeyAlgorithm algorithm() const { return algorithm_; }
  const std::string& pem() const { return pem_; }
  // "sha256:" + hex SHA-256 of the SubjectPublicKeyInfo DER. Names the key in every signature.
  const std::string& id() const { return id_; }
  // The signature: 64 bytes of Ed25519, or the 71 of ecdsa_form.h.
  bool verify(ByteView message, ByteView signature) const;
  bool operator==(const PublicKey& other) const { return id_ == other.id_; }

 private:
  struct Handle;
  std::shared_ptr<const Handle> handle_;
  KeyAlgorithm algorithm_ = KeyAlgorithm::kEd25519;
  std::string pem_;
  std::string id_;
};

class KeyHolder;

class SigningKey {
 public:
  static SigningKey generate();                              // Ed25519
  static Result<SigningKey> from_pem(std::string_view pem);  // Ed25519, PKCS#8 "PRIVATE KEY"
  // The key of the file. `tpm` is the TCTI of the TPM ("device:/dev/tpmrm0",
  // "swtpm:host=127.0.0.1,port=2321"). Loading a key that a TPM holds needs it: kFailedPrecondition without,
  // kUnavailable if the TPM does not answer.
  static Result<SigningKey> load(const std::filesystem::path& file, const std::string& tpm = {});
  // The same, or makes one and stores it (mode 0600, synced with its directory): in the TPM if one is named,
  // else in the file. A file that is there stays what it is.
  static Result<SigningKey> load_or_create(const std::filesystem::path& file, const std::string& tpm = {});

  const PublicKey& public_key() const { return public_key_; }
  KeyLevel level() const;
  std::string file_text() const;  // what its file holds: the private key, or what only the TPM can unwrap
  // A file's key never fails. A TPM may take a second, and may fail: kUnavailable, kTimedOut after 5 s.
  Result<Bytes> sign(ByteView message) const;

 private:
  static Result<SigningKey> held_by(std::shared_ptr<const KeyHolder> holder);
  std::shared_ptr<const KeyHolder> holder_;
  PublicKey public_key_;
};

// Every PUBLIC KEY block of a PEM file, in order: what `--trust` takes.
Result<std::vector<PublicKey>> load_public_keys(const std::filesystem::path& file);

}  // namespace shilu

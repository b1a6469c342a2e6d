#pragma once
// What holds a private key: a file's text in memory, or a TPM. Inside this module only.

#include <filesystem>
#include <memory>

#include "firmware/base/keys.h"

namespace shilu {

class KeyHolder {
 public:
  virtual ~KeyHolder() = default;
  virtual KeyLevel level() const = 0;
  virtual std::string file_text() const = 0;  // what the key's file holds
  virtual Result<PublicKey> public_key() const = 0;
  virtual Result<Bytes> sign(ByteView message) const = 0;  // thread-safe
};

using KeyHolderOwner = std::shared_ptr<const KeyHolder>;

// tpm_key.cpp. `directory` is that of the device's keys: whoever uses the TPM locks it for as long.
struct Tpm {
  std::string tcti;
  std::filesystem::path directory;
};
bool is_tpm_key(std::string_view pem);
Result<KeyHolderOwner> make_tpm_key(const Tpm& tpm);
KeyHolderOwner open_tpm_key(std::string_view pem, const Tpm& tpm);

}  // namespace shilu

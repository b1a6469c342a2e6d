#pragma once
// What the device knows of its platform: its own token, and the platform's keys, pinned when it enrolled. One
// JSON file (0600). A platform that shows other keys later is not believed.

#include <filesystem>
#include <optional>
#include <string>

#include "firmware/base/certificate.h"
#include "upload/sender/platform_client.h"

namespace shilu::sender {

struct Enrolled {
  std::string platform_url;
  std::string device_id;
  std::string token;
  std::string upload_endpoint;
  std::string receipt_key_pem;
  Bytes identity_key;

  Result<PublicKey> receipt_key() const { return PublicKey::from_pem(receipt_key_pem); }
};

// nullopt: no file yet, or one for another platform.
Result<std::optional<Enrolled>> load_enrolment(const std::filesystem::path& file,
                                               const std::string& platform_url);
Status save_enrolment(const std::filesystem::path& file, const Enrolled& enrolled);

// Asks the platform who it is and enrols with the claim code, proving by `key` that it is this device. One
// that shows other keys than `known` did is another one: kTrust, "not-believed", and it is not told the
// claim.
CallResult<Enrolled> enrol(PlatformClient& client, const std::string& platform_url, const CertifiedKey& key,
                           const std::string& device_name, const std::string& claim,
                           const std::optional<Enrolled>& known);

}  // namespace shilu::sender

#pragma once
// seal.json: one signature over the tag manifest, and by it over everything in the package.
// docs/ref/package.md, "Seal".

#include <string>
#include <vector>

#include "firmware/base/certificate.h"
#include "firmware/base/digest.h"

namespace shilu::evidence {

inline constexpr std::string_view kSealType = "application/vnd.shilu.seal+json";

struct Seal {
  struct Withholdable {
    std::string file;
    Digest sha256{};
  };
  std::string name;  // of the bag
  Digest tagmanifest_sha256{};
  std::vector<Withholdable> withholdable;  // the only files whose absence is no alteration
  std::string device_id, key_level;
  std::string sealed_utc;
  bool synchronised = false;
  std::int64_t error_ms = 0;

  std::string payload() const;
};

Result<std::string> sign_seal(const Seal& seal, const SigningKey& key);  // the text of seal.json

struct OpenedSeal {
  Seal seal;
  KeyCertificate certificate;
};
// The texts of seal.json and seal-certificate.json. kCorrupted says what is wrong: not exactly what sign_seal
// writes, not signed by the certified key, another device, not a key for seals.
Result<OpenedSeal> open_seal(std::string_view seal_json, std::string_view certificate_json);

}  // namespace shilu::evidence

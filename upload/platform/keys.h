#pragma once
// The platform's own keys: what it signs receipts and verdicts with, and what opens identity.box.

#include <filesystem>

#include "firmware/base/keys.h"
#include "firmware/base/sealed_box.h"

namespace shilu::platform {

struct PlatformKeys {
  SigningKey receipt;
  BoxKeyPair identity;
  std::string operator_token;  // of whoever looks after the platform: operator.token, one line, 0600
  // From `directory` (0700); files of mode 0600, made on first use. Lost keys are lost receipts: back them
  // up.
  static Result<PlatformKeys> load_or_create(const std::filesystem::path& directory);
};

}  // namespace shilu::platform

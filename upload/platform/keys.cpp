#include "upload/platform/keys.h"

#include "firmware/base/file_system.h"

namespace shilu::platform {

Result<PlatformKeys> PlatformKeys::load_or_create(const std::filesystem::path& directory) {
  SHILU_CHECK(posix_file_system().create_directories(directory));
  std::error_code error;
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return fail_errno(error.value(), "protect " + directory.string());
  SHILU_TRY(SigningKey receipt, SigningKey::load_or_create(directory / "receipt.key"));
  SHILU_TRY(BoxKeyPair identity, BoxKeyPair::load_or_create((directory / "identity.key").string()));
  return PlatformKeys{std::move(receipt), std::move(identity)};
}

}  // namespace shilu::platform

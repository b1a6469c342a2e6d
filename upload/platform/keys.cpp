#include "upload/platform/keys.h"

#include "firmware/base/file_system.h"
#include "firmware/base/ids.h"

namespace shilu::platform {
namespace {

Result<std::string> load_or_create_token(const std::filesystem::path& file) {
  const auto written = write_new_file_atomic(file, as_bytes(new_token() + "\n"), 0600);
  if (!written && written.error().kind != ErrorKind::kAlreadyExists) return fail(written.error());
  SHILU_TRY(std::string text, read_text_file(file, 4096));
  text.erase(text.find_last_not_of(" \r\n") + 1);
  if (text.empty()) return fail(ErrorKind::kCorrupted, file.string() + " holds no token");
  return text;
}

}  // namespace

Result<PlatformKeys> PlatformKeys::load_or_create(const std::filesystem::path& directory) {
  SHILU_CHECK(posix_file_system().create_directories(directory));
  std::error_code error;
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return fail_errno(error.value(), "protect " + directory.string());
  SHILU_TRY(SigningKey receipt, SigningKey::load_or_create(directory / "receipt.key"));
  SHILU_TRY(BoxKeyPair identity, BoxKeyPair::load_or_create((directory / "identity.key").string()));
  SHILU_TRY(std::string token, load_or_create_token(directory / "operator.token"));
  return PlatformKeys{std::move(receipt), std::move(identity), std::move(token)};
}

}  // namespace shilu::platform

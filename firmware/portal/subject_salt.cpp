#include "firmware/portal/subject_salt.h"

#include "firmware/base/file_system.h"

namespace shilu::portal {
namespace {
constexpr std::size_t kSaltSize = 32;
}

Result<Bytes> load_or_create_subject_salt(const std::filesystem::path& keys_directory) {
  const std::filesystem::path file = keys_directory / "subject.salt";
  const auto stored = read_file(file);
  if (stored && stored->size() == kSaltSize) return *stored;
  if (stored) return fail(ErrorKind::kCorrupted, file.string() + " does not hold 32 bytes");
  if (stored.error().kind != ErrorKind::kNotFound) return fail(stored.error());
  Bytes salt = random_bytes(kSaltSize);
  SHILU_CHECK(write_file_atomic(file, salt, 0600));
  return salt;
}

Digest subject_hash(const Bytes& salt, std::string_view teacher_id) {
  Bytes message = salt;
  put_bytes(message, as_bytes(teacher_id));
  return sha256(message);
}

}  // namespace shilu::portal

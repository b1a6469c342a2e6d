#pragma once
// The salt that turns a teacher's id into the subject hash of recordings and packages (docs/ref/package.md,
// identity.box). One per device, in the keys' directory (0600), made on first use; it leaves the device only
// inside sealed boxes.

#include <filesystem>

#include "firmware/base/digest.h"

namespace shilu::portal {

Result<Bytes> load_or_create_subject_salt(const std::filesystem::path& keys_directory);
Digest subject_hash(const Bytes& salt, std::string_view teacher_id);

}  // namespace shilu::portal

#pragma once
// SHA-256 of each 8 MiB block of a package, as the offer names them. Kept beside the package
// ("<package>.blocks", one hex digest per line), so that a package of gigabytes is not read again for each
// attempt.

#include <filesystem>
#include <vector>

#include "firmware/base/digest.h"

namespace shilu::sender {

Result<std::vector<Digest>> block_hashes(const std::filesystem::path& package, std::uint64_t size);

}  // namespace shilu::sender

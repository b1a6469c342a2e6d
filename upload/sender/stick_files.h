#pragma once
// Files in a folder that strangers can write to: a stick, a shared folder. No link there is followed, so
// nothing outside of it is read or written. No state.

#include <filesystem>
#include <string>

#include "firmware/base/digest.h"

namespace shilu::sender {

// Copies `size` bytes of `package` to the new file `to`; whatever lay there under that name goes.
Status copy_to_stick(const std::filesystem::path& package, const std::filesystem::path& to,
                     std::uint64_t size);
// Of what the medium holds, not of what the kernel still remembers of it.
Result<Digest> sha256_on_stick(const std::filesystem::path& file);
Result<std::string> read_text_on_stick(const std::filesystem::path& file, std::uint64_t limit);

}  // namespace shilu::sender

#pragma once
// A package on this device's disk and what lies beside it: the hashes of its blocks (<package>.blocks) and
// the time stamp of its seal (<package>.tsr).

#include <filesystem>

#include "firmware/base/result.h"

namespace shilu::sender {

// None of them being there is success.
Status remove_package_files(const std::filesystem::path& package);

}  // namespace shilu::sender

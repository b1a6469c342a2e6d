#include "upload/sender/package_files.h"

namespace shilu::sender {

Status remove_package_files(const std::filesystem::path& package) {
  for (const char* ending : {"", ".blocks", ".tsr"}) {
    const std::filesystem::path file = package.string() + ending;
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error) return fail_errno(error.value(), file.string());
  }
  return {};
}

}  // namespace shilu::sender

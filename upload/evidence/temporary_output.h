#pragma once
// A file that stands under its name only once it is whole and synced; until then, and if it never is, nothing
// does. Inside this module only.

#include <filesystem>
#include <memory>

#include "firmware/base/file_system.h"

namespace shilu::evidence {

class TemporaryOutput {
 public:
  static Result<TemporaryOutput> create(const std::filesystem::path& target);
  TemporaryOutput(TemporaryOutput&& other) noexcept;
  TemporaryOutput& operator=(TemporaryOutput&&) = delete;
  ~TemporaryOutput();  // removes what was not kept

  File& file() { return *file_; }
  // Syncs the file, gives it its name (an old one is replaced), syncs the directory.
  Status keep();

 private:
  TemporaryOutput(std::filesystem::path target, std::filesystem::path temporary, std::unique_ptr<File> file);

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: kept or moved from
  std::unique_ptr<File> file_;
};

}  // namespace shilu::evidence

#include "upload/evidence/temporary_output.h"

#include <fmt/format.h>

#include <utility>

#include "firmware/base/ids.h"

namespace shilu::evidence {

using std::filesystem::path;

Result<TemporaryOutput> TemporaryOutput::create(const path& target) {
  path temporary = target;
  temporary.replace_filename(fmt::format(".{}.{}", target.filename().string(), new_uuid()));
  SHILU_TRY(auto file, posix_file_system().open(temporary, OpenMode::kCreate));
  return TemporaryOutput(target, std::move(temporary), std::move(file));
}

TemporaryOutput::TemporaryOutput(path target, path temporary, std::unique_ptr<File> file)
    : target_(std::move(target)), temporary_(std::move(temporary)), file_(std::move(file)) {}

TemporaryOutput::TemporaryOutput(TemporaryOutput&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, path())),
      file_(std::move(other.file_)) {}

TemporaryOutput::~TemporaryOutput() {
  if (temporary_.empty()) return;
  const Status ignored = posix_file_system().remove(temporary_);
  static_cast<void>(ignored);
}

Status TemporaryOutput::keep() {
  SHILU_CHECK(file_->sync_data());
  SHILU_CHECK(posix_file_system().rename(temporary_, target_));
  temporary_.clear();
  return posix_file_system().sync_directory(target_.has_parent_path() ? target_.parent_path() : path("."));
}

}  // namespace shilu::evidence

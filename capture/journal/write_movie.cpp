#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/lesson_folder.h"

namespace shilu::journal {
namespace {

using std::filesystem::path;

constexpr std::uint64_t kBlock = 1u << 20;

class Copier {
 public:
  Copier(File& out, const std::vector<path>& files) : out_(out), files_(files) {}

  Status append(ByteView bytes) {
    SHILU_CHECK(out_.write_at(position_, bytes));
    position_ += bytes.size();
    return {};
  }

  Status copy(const bmff::Extent& extent) {
    SHILU_TRY(auto* file, source(extent.source));
    for (std::uint64_t done = 0; done < extent.size;) {
      const auto wanted = std::min(kBlock, extent.size - done);
      SHILU_TRY(const auto block, file->read_at(extent.offset + done, wanted));
      if (block.size() < wanted) {
        return fail(ErrorKind::kCorrupted,
                    fmt::format("{} ends inside a fragment", files_[extent.source].string()));
      }
      SHILU_CHECK(append(block));
      done += wanted;
    }
    return {};
  }

 private:
  // Fragments of one file come in runs, those of picture and sound in turn: both stay open.
  Result<File*> source(std::uint32_t number) {
    if (open_.size() <= number) open_.resize(number + 1);
    if (!open_[number]) {
      SHILU_TRY(open_[number], posix_file_system().open(files_[number], OpenMode::kRead));
    }
    return open_[number].get();
  }

  File& out_;
  const std::vector<path>& files_;
  std::vector<std::unique_ptr<File>> open_;
  std::uint64_t position_ = 0;
};

Status write_to(const LessonFolder::SourceMovie& movie, const path& where) {
  SHILU_TRY(const auto out, posix_file_system().open(where, OpenMode::kCreateOrOpen));
  SHILU_CHECK(out->truncate(0));
  Copier copier(*out, movie.files);
  SHILU_CHECK(copier.append(movie.movie.header));
  for (const auto& extent : movie.movie.extents) {
    const bool fill = extent.source == bmff::kFillSource;
    SHILU_CHECK(fill ? copier.append(ByteView(movie.movie.fill).subspan(extent.offset, extent.size))
                     : copier.copy(extent));
  }
  return out->sync_data();
}

}  // namespace

Status write_movie(const LessonFolder::SourceMovie& movie, const path& out) {
  // Beside its name until it is whole: nobody finds half a movie, and an old one stays until the new one is
  // there.
  auto partial = out;
  partial += ".part";
  auto status = write_to(movie, partial);
  if (status) status = posix_file_system().rename(partial, out);
  if (!status) (void)posix_file_system().remove(partial);
  return status;
}

}  // namespace shilu::journal

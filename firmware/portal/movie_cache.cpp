#include "firmware/portal/movie_cache.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace shilu::portal {
namespace {

constexpr std::size_t kMovies = 12;  // header of a 45-minute lesson: about 1 MB

std::string etag_of(const std::string& lesson_id, const std::string& source,
                    const std::optional<TimeRange>& range, std::size_t part, std::size_t leaves) {
  const std::string what = range ? fmt::format("{}-{}", range->from.ms(), range->to.ms()) : "all";
  return fmt::format("\"{}.{}.{}.{}.{}\"", lesson_id, source, what, part, leaves);
}

Result<std::shared_ptr<const UniqueFd>> open_shared(const std::filesystem::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open " + file.string());
  return std::make_shared<const UniqueFd>(std::move(fd));
}

Result<http::ComposedBody> compose(const journal::LessonFolder::SourceMovie& source, std::string etag) {
  std::vector<std::shared_ptr<const UniqueFd>> files;
  for (const auto& file : source.files) {
    SHILU_TRY(auto fd, open_shared(file));
    files.push_back(std::move(fd));
  }
  http::ComposedBody body;
  body.etag = std::move(etag);
  auto header = std::make_shared<const std::string>(as_text(source.movie.header));
  const std::uint64_t header_size = header->size();
  body.pieces.push_back({std::move(header), nullptr, 0, header_size});
  const auto fill =
      std::make_shared<const std::string>(as_text(source.movie.fill));  // silence for holes in the sound
  for (const bmff::Extent& extent : source.movie.extents) {
    const bool is_fill = extent.source == bmff::kFillSource;
    body.pieces.push_back(
        {is_fill ? fill : nullptr, is_fill ? nullptr : files.at(extent.source), extent.offset, extent.size});
  }
  return body;
}

}  // namespace

Result<http::ComposedBody> MovieCache::movie(const std::string& lesson_id, const std::string& source,
                                             std::optional<TimeRange> range, std::size_t part) {
  return lessons_.with<http::ComposedBody>(
      lesson_id, [&](journal::LessonFolder& folder) -> Result<http::ComposedBody> {
        std::string etag = etag_of(lesson_id, source, range, part, folder.records().size());
        if (auto found = find(etag)) return std::move(*found);
        SHILU_TRY(const auto movies, folder.movies(source, range));
        if (part < 1 || part > movies.size())
          return fail(ErrorKind::kNotFound, fmt::format("{} has no part {}.", source, part));
        SHILU_TRY(http::ComposedBody body, compose(movies[part - 1], std::move(etag)));
        keep(body);
        return body;
      });
}

std::optional<http::ComposedBody> MovieCache::find(const std::string& etag) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.etag == etag; });
  if (found == kept_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().body;
}

void MovieCache::keep(const http::ComposedBody& body) {
  const std::lock_guard lock(mutex_);
  kept_.push_front({body.etag, body});
  if (kept_.size() > kMovies) kept_.pop_back();
}

}  // namespace shilu::portal

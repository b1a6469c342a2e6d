#include "firmware/portal/lesson_library.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/ids.h"

namespace shilu::portal {
namespace {
constexpr std::size_t kKept = 8;  // some 2 MB each for a long lesson
}

Result<std::shared_ptr<LessonLibrary::Shelf>> LessonLibrary::open(const std::string& lesson_id) {
  // An id becomes a path: nothing but a UUID may pass.
  if (!is_uuid(lesson_id)) return fail(ErrorKind::kNotFound, "There is no such lesson.");
  std::shared_ptr<Shelf> shelf;
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(shelves_.begin(), shelves_.end(), [&](const auto& one) { return one->id == lesson_id; });
    if (found != shelves_.end()) {
      shelves_.splice(shelves_.begin(), shelves_, found);
      return shelves_.front();
    }
  }
  // Opened outside the lock: a long lesson must not hold up the others. Two openings at once are merely
  // wasteful.
  SHILU_TRY(journal::LessonFolder folder, journal::LessonFolder::open(path_of(lesson_id)));
  shelf = std::make_shared<Shelf>();
  shelf->id = lesson_id;
  shelf->folder.emplace(std::move(folder));
  const std::lock_guard lock(mutex_);
  shelves_.push_front(shelf);
  if (shelves_.size() > kKept) shelves_.pop_back();
  return shelf;
}

Result<std::vector<std::string>> LessonLibrary::ids() const {
  std::vector<std::string> ids;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (is_uuid(name) && std::filesystem::exists(entry->path() / "lesson.json", error)) ids.push_back(name);
    if (error) break;
  }
  if (error) return fail_errno(error.value(), directory_.string());
  std::sort(ids.begin(), ids.end());  // UUIDv7: by time
  return ids;
}

}  // namespace shilu::portal

#pragma once
// The lesson folders, opened on demand and kept for a while; thread-safe. A folder still being written is
// refreshed on each look. Handlers get a lock on one lesson for the length of a call, so that LessonFolder
// stays thread-bound.

#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "capture/journal/lesson_folder.h"

namespace shilu::portal {

class LessonLibrary {
 public:
  explicit LessonLibrary(std::filesystem::path lessons_directory)
      : directory_(std::move(lessons_directory)) {}

  std::filesystem::path path_of(std::string_view lesson_id) const {
    return directory_ / std::string(lesson_id);
  }

  // Calls `use` with the folder, up to date, under its lock. kNotFound if there is none.
  template <typename T>
  Result<T> with(const std::string& lesson_id, const std::function<Result<T>(journal::LessonFolder&)>& use) {
    SHILU_TRY(const std::shared_ptr<Shelf> shelf, open(lesson_id));
    const std::lock_guard lock(shelf->mutex);
    SHILU_CHECK(shelf->folder->refresh());  // a finished one too: something may be deleted from it
    return use(*shelf->folder);
  }

  // Ids of all folders that look like lessons, oldest first. An error if the directory cannot be read to its
  // end: no lesson is gone because of it.
  Result<std::vector<std::string>> ids() const;

 private:
  struct Shelf {
    std::string id;
    std::mutex mutex;  // guards folder
    std::optional<journal::LessonFolder> folder;
  };
  Result<std::shared_ptr<Shelf>> open(const std::string& lesson_id);

  const std::filesystem::path directory_;
  std::mutex mutex_;                           // guards shelves_
  std::list<std::shared_ptr<Shelf>> shelves_;  // the one used last stands first
};

}  // namespace shilu::portal

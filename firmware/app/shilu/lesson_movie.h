#pragma once
// What `export` and `clip` share: a source of a lesson, or a part of it, as a file that any player opens.

#include <optional>
#include <string>

#include "firmware/app/shilu/command.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::cli {

struct MovieRequest {
  std::string directory;
  std::string source;  // empty: the lesson's first source that has a picture
  std::string out;
  std::optional<TimeRange> range;
  bool json = false;
};

Result<int> write_lesson_movie(const MovieRequest& request);

}  // namespace shilu::cli

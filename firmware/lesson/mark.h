#pragma once
// A mark is one tap of a teacher. The press is kept for ever; the borders are derived from it.

#include <optional>
#include <string>

#include "firmware/lesson/lesson_time.h"

namespace shilu {

inline constexpr Nanoseconds kDefaultLook = std::chrono::seconds(60);
inline constexpr Nanoseconds kMaxLook = std::chrono::minutes(30);  // longer looks are cut to this

struct Mark {
  std::string id;                    // UUID made by the page
  std::optional<std::string> point;  // ability point code, or named later
  LessonTime at;                     // when the finger was down
  Nanoseconds look_back = kDefaultLook;
  Nanoseconds look_ahead = kDefaultLook;
  bool undone = false;

  // Borders inside a lesson of the given length: never before 0, never past its end.
  TimeRange range(Nanoseconds lesson_duration) const;
};

}  // namespace shilu

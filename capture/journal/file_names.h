#pragma once
// The names inside a lesson's folder (docs/ref/lesson-folder.md). Inside this module only.

namespace shilu::journal {

inline constexpr const char* kLessonJson = "lesson.json";
inline constexpr const char* kJournal = "journal";
inline constexpr const char* kCheckpoints = "checkpoints";

}  // namespace shilu::journal

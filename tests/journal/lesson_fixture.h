#pragma once
// Writes a complete, valid lesson folder from real media with JournalWriter, as the recorder would: for the
// tests of every module that reads lessons. From a script: `shilu-fixture-lesson DIR [--seconds N] ...`
// beside the test programs.
//
//   LessonRecipe recipe;
//   recipe.sources.push_back({.name = "board"});
//   const auto lesson = write_lesson(directory / "lesson", recipe);

#include <filesystem>
#include <string>
#include <vector>

#include "capture/journal/record.h"
#include "firmware/base/certificate.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::test {

struct HoleRecipe {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::string reason = "source-lost";
};

struct SourceRecipe {
  std::string name = "room";
  std::filesystem::path media{};  // empty: classroom_media()
  bool sound = true;              // also record the media's sound
  bool picture = true;            // false: none ever came, and that is declared
  bool required = true;
  std::int64_t starts_ms =
      0;  // lesson time of the media's first picture; negative: pre-roll, positive: a late start
  std::vector<HoleRecipe>
      holes{};  // fragments that touch one are not there; a gap is declared in their stead
  std::vector<std::int64_t>
      new_epochs_ms{};  // from the first fragment at or after these times a new file is written
  std::vector<std::int64_t> new_sizes_ms{};  // the same, and the header says that the pictures got wider
};

struct LessonRecipe {
  std::vector<SourceRecipe> sources{SourceRecipe{}};
  std::int64_t duration_ms = 12'000;
  std::vector<Mark> marks{};
  std::optional<Digest> subject{};  // of a sign-in
  bool stop = true;                 // else the lesson still runs
  std::filesystem::path keys{};  // directory of the device's keys; empty: "keys" beside the lesson's folder
  std::string lesson_id{};       // empty: a new one
};

struct WrittenLesson {
  std::filesystem::path directory;
  std::filesystem::path keys;
  LessonInfo info;
};

// Throws std::runtime_error where the media or the disk fail.
WrittenLesson write_lesson(const std::filesystem::path& directory, const LessonRecipe& recipe = {});

}  // namespace shilu::test

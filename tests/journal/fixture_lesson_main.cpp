// shilu-fixture-lesson: writes a complete lesson folder without camera or recorder, for scripts and for
// trying things out.

#include <cstdio>
#include <exception>
#include <string>

#include "tests/journal/lesson_fixture.h"

namespace {

constexpr const char* kUsage =
    "usage: shilu-fixture-lesson DIRECTORY [--seconds N] [--board] [--hole FROM_MS TO_MS] [--mark AT_MS "
    "POINT] [--running]\n"
    "                            [--media FILE] [--starts MS] [--no-sound] [--no-picture] [--wider MS]\n"
    "                            [--subject SHA256]\n"
    "       writes a lesson of the test footage; the device's keys go to `keys` beside DIRECTORY\n";

shilu::test::LessonRecipe recipe_from(int count, char** words) {
  shilu::test::LessonRecipe recipe;
  const auto number = [&](int i) { return std::stoll(i < count ? words[i] : ""); };
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--seconds") {
      recipe.duration_ms = number(++i) * 1000;
    } else if (word == "--board") {
      recipe.sources.push_back({.name = "board", .sound = false});
    } else if (word == "--hole") {
      recipe.sources.front().holes.push_back({number(i + 1), number(i + 2)});
      i += 2;
    } else if (word == "--mark") {
      shilu::Mark mark;
      mark.id = "00000000-0000-4000-8000-00000000000" + std::to_string(recipe.marks.size());
      mark.at = shilu::LessonTime::from_ms(number(i + 1));
      mark.point = i + 2 < count ? words[i + 2] : "A1";
      recipe.marks.push_back(mark);
      i += 2;
    } else if (word == "--starts") {
      recipe.sources.front().starts_ms = number(++i);
    } else if (word == "--wider") {
      recipe.sources.front().new_sizes_ms.push_back(number(++i));
    } else if (word == "--no-sound") {
      recipe.sources.front().sound = false;
    } else if (word == "--no-picture") {
      recipe.sources.front().picture = false;
    } else if (word == "--media") {
      recipe.sources.front().media = ++i < count ? words[i] : "";
    } else if (word == "--subject") {
      recipe.subject = shilu::digest_from_hex(++i < count ? words[i] : "").value();
    } else if (word == "--running") {
      recipe.stop = false;
    } else {
      throw std::invalid_argument(word);
    }
  }
  return recipe;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2 || words[1][0] == '-') {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    const auto lesson = shilu::test::write_lesson(words[1], recipe_from(count - 2, words + 2));
    std::printf("%s\n", lesson.info.lesson_id.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shilu-fixture-lesson: %s\n%s", error.what(), kUsage);
    return 1;
  }
  return 0;
}

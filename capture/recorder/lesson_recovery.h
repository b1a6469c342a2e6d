#pragma once
// What a start does with lessons that no `stop` closed: finds them, makes them whole, tells what they hold.

#include <filesystem>
#include <vector>

#include "capture/recorder/live_lesson.h"

namespace shilu::recorder {

// Folders under `lessons` with a lesson.json and no stop at the journal's end, oldest first. Reads only
// tails.
std::vector<std::filesystem::path> unfinished_lessons(FileSystem& files,
                                                      const std::filesystem::path& lessons);

// Verifies what stands behind the last checkpoint. A fragment that is not whole there (a disk that broke its
// word) is taken out of the journal with all later ones of its track: replaced atomically, marks and all else
// kept. Cuts every track file behind its last fragment and removes files that no epoch names.
// LiveLesson::resume() cuts the journal.
Result<RecoveredLesson> recover_lesson(FileSystem& files, const std::filesystem::path& directory);

}  // namespace shilu::recorder

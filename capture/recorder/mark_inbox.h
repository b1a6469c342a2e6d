#pragma once
// Marks that were tapped while the recorder was away: shilud puts each into the lesson's folder, as a file of
// its own that is durable before the tile lights up; the recorder takes them into the journal, each once, and
// removes the file. docs/ref/lesson-folder.md, "inbox".

#include <filesystem>
#include <vector>

#include "capture/recorder/requests.h"
#include "firmware/base/file_system.h"

namespace shilu::recorder {

// Durable when it returns. The same id again is the same file.
Status put_into_inbox(const std::filesystem::path& lesson, const MarkRequest& request, const Clock& clock);

struct InboxMark {
  std::filesystem::path file;
  MarkRequest request;  // its press on the clock of this boot, whichever boot it was of
};
// What is no mark is left where it is and logged.
std::vector<InboxMark> read_mark_inbox(FileSystem& files, const std::filesystem::path& lesson,
                                       const Clock& clock);

}  // namespace shilu::recorder

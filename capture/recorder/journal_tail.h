#pragma once
// What the end of a journal says without reading all of it. Inside this module only.

#include <filesystem>

#include "firmware/base/file_system.h"

namespace shilu::recorder {

struct JournalTail {
  bool stopped = false;           // the lesson has its stop
  bool deletion_pending = false;  // a deletion stands behind it that is not done
};
JournalTail read_journal_tail(FileSystem& files, const std::filesystem::path& journal);

}  // namespace shilu::recorder

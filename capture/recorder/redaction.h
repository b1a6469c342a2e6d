#pragma once
// Taking recorded time off the disk: "delete the last two minutes". The journal keeps the hashes and says,
// signed, what went; the fragments' heads stay. docs/design/recording.md, "Deleting".

#include <filesystem>

#include "capture/journal/lesson_folder.h"
#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"

namespace shilu::recorder {

// What must go so that nothing of `range` is left: every fragment that overlaps it, and the pictures behind
// it that lean on one. kNotFound: nothing of it is there (any more).
Result<journal::RedactionEvent> plan_redaction(const journal::LessonFolder& folder, TimeRange range,
                                               const std::optional<Digest>& subject);

// Takes the payloads off the disk. Repeating it is safe; after an error some may still be there.
Status erase_stretches(FileSystem& files, const journal::LessonFolder& folder,
                       const std::vector<journal::RedactedStretch>& stretches);
// Of all deletions that the journal names, again: what a stop in between left behind.
Status erase_all_redacted(FileSystem& files, const journal::LessonFolder& folder);

// The same for a lesson that has its stop. kFailedPrecondition: it was begun with another recording key.
struct LessonOwner {
  FileSystem& files;
  const Clock& clock;
  const CertifiedKey& key;
  const CertifiedKey* previous_key =
      nullptr;  // what was begun with it is signed with it; null: there is none
};
Status redact_finished(const LessonOwner& owner, const std::filesystem::path& directory, TimeRange range,
                       const std::optional<Digest>& subject);
// Folders under `lessons` whose stop is there and whose last deletion may not be done. Reads only tails.
std::vector<std::filesystem::path> half_deleted_lessons(FileSystem& files,
                                                        const std::filesystem::path& lessons);
Status finish_deletion(const LessonOwner& owner, const std::filesystem::path& directory);

// Only who began a lesson can sign for it.
bool certified_for(const LessonInfo& info, const PublicKey& key);

}  // namespace shilu::recorder

#pragma once
// Reads headers and fragment heads (moofs) of a lesson's track files, by what the journal says of them: one
// read of a few hundred bytes per fragment. Inside this module only.

#include "capture/bmff/fragment_reader.h"
#include "capture/journal/lesson_folder.h"
#include "firmware/base/file_system.h"

namespace shilu::journal {

class EpochFile {
 public:
  static Result<EpochFile> open(const TrackEpoch& epoch);

  std::uint64_t size() const { return size_; }
  File& file() { return *file_; }

  // The header, proven to be the one that the epoch event hashes.
  Result<CodecParameters> parameters();
  // The fragment's moof; kCorrupted where it says something else than the record.
  Result<bmff::FragmentIndex> head(const FragmentRecord& record);

 private:
  EpochFile(EpochEvent event, std::filesystem::path where, std::unique_ptr<File> file, std::uint64_t size);
  tl::unexpected<Error> bad(const std::string& message) const;

  EpochEvent event_;
  MediaKind kind_;
  std::filesystem::path where_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
};

}  // namespace shilu::journal

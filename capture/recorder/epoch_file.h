#pragma once
// One file of a track: header, then fragments. Its name is durable before open() returns; its bytes are after
// sync(). append() is bound to the writer's thread, sync() to the sync thread; both at once are fine.

#include <filesystem>
#include <memory>

#include "capture/journal/record.h"
#include "capture/recorder/fragment.h"
#include "firmware/base/file_system.h"

namespace shilu::recorder {

class EpochFile {
 public:
  // Makes `directory`/<track>/e<number>.mp4. What stands there by that name was never journalled, and goes.
  static Result<std::shared_ptr<EpochFile>> create(FileSystem& files, const std::filesystem::path& directory,
                                                   const std::string& track, std::uint16_t number,
                                                   std::shared_ptr<const TrackFormat> format);

  // Writes the fragment behind the last one; `ahead`: reserves space also for those to come. The record lacks
  // track number and gap flag. After kStorageFull it may be called again; after another error the file is no
  // longer used. Any prefix may stand behind the last fragment.
  Result<journal::FragmentRecord> append(const Fragment& fragment, std::uint32_t sequence, bool ahead);
  // Gives back what was reserved behind the last fragment. The writer's thread.
  Status give_back();
  Status sync() { return file_->sync_data(); }
  // Gives back what lies behind `size`, reserved or torn.
  Status cut(std::uint64_t size);

  const TrackFormat& format() const { return *format_; }
  const std::filesystem::path& path() const { return path_; }
  journal::EpochEvent event(std::uint16_t track_number) const;
  std::uint64_t header_size() const { return format_->header.size(); }

 private:
  EpochFile() = default;
  Status reserve_for(std::uint64_t size, bool ahead);

  std::unique_ptr<File> file_;
  std::filesystem::path path_;
  std::string track_;
  std::uint16_t number_ = 0;
  std::shared_ptr<const TrackFormat> format_;
  std::uint64_t end_ = 0;
  std::uint64_t reserved_until_ = 0;
};

}  // namespace shilu::recorder

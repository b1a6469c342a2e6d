#pragma once
// Watches one track's fragments as they become durable. Thread-bound.

#include <filesystem>
#include <memory>
#include <optional>

#include "capture/bmff/fragment_reader.h"
#include "capture/media/picture_watch.h"
#include "capture/media/sound_watch.h"
#include "capture/media/unit_decoder.h"
#include "capture/monitor/alarm.h"
#include "firmware/base/file_system.h"

namespace shilu::monitor {

struct FragmentPlace {
  std::filesystem::path file;  // of the epoch
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

// Whether a picture that does not change is a fault.
enum class StillPicture { kFault, kUsual };

class TrackWatch {
 public:
  TrackWatch(std::string track, MediaKind kind, StillPicture still)
      : track_(std::move(track)), kind_(kind), still_(still) {}

  // Reads and looks at it; only the key picture is read of a fragment of pictures. kCorrupted, or the errors
  // of reading: this fragment is passed over.
  Status take(const FragmentPlace& place);
  MediaKind kind() const { return kind_; }
  std::vector<Alarm> alarms() const;  // as of the last fragment

 private:
  Status open_epoch(const std::filesystem::path& file);
  Status look(const bmff::FragmentIndex& index, ByteView fragment);
  void listen(const bmff::FragmentIndex& index, ByteView fragment);
  void note(AlarmKind kind, bool raised);

  const std::string track_;
  const MediaKind kind_;
  const StillPicture still_;
  // Of the present epoch: all or nothing.
  std::filesystem::path file_name_;
  std::unique_ptr<File> file_;
  CodecParameters parameters_;
  std::optional<media::KeyPictures> pictures_;
  std::optional<media::SoundUnits> sound_;

  media::PictureWatch picture_watch_;
  std::optional<media::SoundWatch> sound_watch_;
  LessonTime end_;  // of the last fragment
  std::vector<Alarm> alarms_;
};

}  // namespace shilu::monitor

#pragma once
// How loud one source is at this moment, from the units that its capture shows. Thread-safe.

#include <mutex>
#include <optional>

#include "capture/media/sound_watch.h"
#include "capture/media/unit_decoder.h"
#include "capture/monitor/alarm.h"
#include "capture/monitor/live_reader.h"

namespace shilu::monitor {

class LevelMeter {
 public:
  LevelMeter(const std::filesystem::path& runtime_directory, const std::string& source);
  // nullopt: no sound came since the last call.
  std::optional<TrackLevel> take();

 private:
  void hear(const link::Message& message);

  const std::string track_;
  std::optional<media::SoundUnits> decoder_;  // the reader's thread
  std::optional<media::SoundWatch> watch_;    // likewise
  std::mutex mutex_;                          // guards level_
  std::optional<media::SoundLevel> level_;    // the loudest since the last call
  LiveReader reader_;                         // last: its thread uses what is above
};

}  // namespace shilu::monitor

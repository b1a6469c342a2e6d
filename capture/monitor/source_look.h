#pragma once
// What one source has shown so far. Inside this module only; thread-bound.

#include <optional>

#include "capture/link/link.h"
#include "capture/media/sound_watch.h"
#include "capture/media/unit_decoder.h"
#include "capture/monitor/survey.h"

namespace shilu::monitor {

class SourceLook {
 public:
  void take(const link::Message& message);
  // Nothing more is to be learnt by waiting, or the source has said that nothing will come.
  bool complete(Nanoseconds since_first_unit) const;
  bool begun() const { return picture_units_ > 0 || sound_units_ > 0; }
  SourceFacts finish() &&;

 private:
  void see(const link::AccessUnit& unit);
  void hear(const link::AccessUnit& unit);
  void set_parameters(const link::TrackParameters& track);

  SourceFacts facts_;
  std::string lost_;  // what the source said when it was lost
  std::optional<CodecParameters> picture_parameters_;
  std::optional<media::SoundUnits> sound_;
  std::optional<media::SoundWatch> watch_;
  std::optional<link::AccessUnit> key_;  // the newest
  std::optional<MonotonicTime> first_picture_;
  MonotonicTime last_picture_;
  std::size_t picture_units_ = 0;
  std::size_t sound_units_ = 0;
};

}  // namespace shilu::monitor

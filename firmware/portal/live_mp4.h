#pragma once
// Units of one track as a live MP4: a header, then one fragment a unit, as MediaSource takes it. Pure; holds
// one unit back, whose duration only the next one tells.

#include <optional>
#include <vector>

#include "capture/link/link.h"

namespace shilu::portal {

class LiveMp4 {
 public:
  // What the next units need: the header and its MIME type. kInvalidArgument: not a format for MP4.
  struct Beginning {
    std::string mime;  // video/mp4; codecs="avc1.4d401f"
    Bytes header;
  };
  Result<Beginning> begin(const link::TrackParameters& parameters);
  // The fragment of the unit before this one; nullopt for the first, and until one came that needs no other.
  std::optional<Bytes> add(link::AccessUnit unit);
  void skip_to_key();  // what comes next does not follow what came

 private:
  std::int64_t ticks(MonotonicTime time) const;

  std::optional<CodecParameters> parameters_;
  std::optional<MonotonicTime> zero_;
  std::optional<link::AccessUnit> held_;
  std::uint32_t sequence_ = 0;
};

}  // namespace shilu::portal

#pragma once
// Gathers samples until a fragment is whole. Thread-bound.
// Pictures: a fragment closes before each IDR, or before the sample that would begin more than 2 s after it
// (or exceed 32 MiB). Sound: after about 1 s of whole frames. A sample's duration is known when the next one
// comes, so a fragment closes only then - or when nothing comes any more.

#include <optional>

#include "capture/recorder/fragment.h"

namespace shilu::recorder {

class FragmentAssembler {
 public:
  explicit FragmentAssembler(MediaKind kind) : kind_(kind) {}

  bool empty() const { return samples_.empty(); }
  std::int64_t last_decode_ticks() const { return samples_.back().decode_ticks; }

  // The sound gathered so far makes a fragment.
  bool full(const TrackFormat& format) const;
  enum class Border { kNone, kComplete, kAtLimit };
  Border border_before(bool sync, std::int64_t decode_ticks, std::size_t size,
                       const TrackFormat& format) const;

  void add(CodedSample sample, UnitName unit, bool clock_suspect);
  // Takes away what begins at `ticks` or later: the lesson ends there.
  void drop_from(std::int64_t ticks);
  // All that was gathered; the last sample ends at `end_ticks`.
  Fragment close(std::shared_ptr<const TrackFormat> format, std::int64_t end_ticks, Border border);

 private:
  MediaKind kind_;
  std::vector<CodedSample> samples_;
  std::uint64_t bytes_ = 0;  // of the samples
  bool clock_suspect_ = false;
  UnitName last_unit_;
};

}  // namespace shilu::recorder

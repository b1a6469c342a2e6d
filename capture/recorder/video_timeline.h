#pragma once
// Pictures stand where the source's clock puts them: their durations are true differences.

#include <optional>

#include "capture/recorder/timeline.h"

namespace shilu::recorder {

class VideoTimeline final : public Timeline {
 public:
  VideoTimeline(MonotonicTime lesson_start, std::uint32_t timescale, std::uint32_t nominal_ticks);

  // Apart: more than 2.5 usual durations (1 s where none is known) after the one before. A single skipped
  // picture, up to 2.5, keeps its presentation time and gets a decode time of 2, the longest that a sample
  // may last. Suspect: a time that does not rise, or lies over 5 s ahead. Up to 1 s back (15 s in the first 3
  // s after `discontinuity`: a camera that repeats what it showed) it is put one tick behind the one before,
  // so that those after it stand right; beyond, this and the following are joined to the one before until the
  // source says `discontinuity`.
  Placement place(const link::AccessUnit& unit, MonotonicTime now) override;
  void set_nominal(std::uint32_t ticks) override { nominal_ticks_ = ticks; }

 private:
  std::int64_t ticks_of(MonotonicTime time) const;
  std::int64_t step_ticks() const;
  std::int64_t apart_beyond() const;
  bool is_repeat(std::int64_t ticks, MonotonicTime now) const;
  void correct(const link::AccessUnit& unit, MonotonicTime now);

  MonotonicTime lesson_start_;
  std::uint32_t timescale_;
  std::uint32_t nominal_ticks_;
  std::optional<std::int64_t> last_;
  Nanoseconds correction_{0};  // added to a clock that jumped
  std::optional<MonotonicTime> repeats_until_;
};

}  // namespace shilu::recorder

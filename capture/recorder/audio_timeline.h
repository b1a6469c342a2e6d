#pragma once
// Sound is counted: a frame follows the frame before it, whatever jitter its time stamp has. What the clock
// of the device and the machine's clock drift apart is made up at the border of each fragment: the estimated
// rate of the device in full, the rest at no more than 0.5 ms, which nobody hears.

#include <optional>
#include <vector>

#include "capture/recorder/clock_rate.h"
#include "capture/recorder/timeline.h"

namespace shilu::recorder {

class AudioTimeline final : public Timeline {
 public:
  // `continue_at`: where the sound ended that an earlier process stored; taken up if the first frame is
  // within 60 ms.
  AudioTimeline(MonotonicTime lesson_start, std::uint32_t sample_rate, std::uint32_t frame_ticks,
                std::optional<std::int64_t> continue_at = std::nullopt);

  // Apart: measured more than 60 ms after the count (after a discontinuity, or what was left out: half a
  // frame). Drop: as far before it, until the count is right again.
  Placement place(const link::AccessUnit& unit, MonotonicTime now) override;
  void fragment_begins() override;
  void left_out() override { left_out_ = true; }
  void set_nominal(std::uint32_t ticks) override { frame_ticks_ = ticks; }

 private:
  std::int64_t measure(const link::AccessUnit& unit) const;
  void begin_at(std::int64_t ticks);
  std::int64_t next_step(double median_error);

  MonotonicTime lesson_start_;
  std::uint32_t sample_rate_;
  std::uint32_t frame_ticks_;
  std::optional<std::int64_t> position_;  // of the next frame
  bool dropping_ = false;
  bool left_out_ = false;
  std::uint64_t frames_ = 0;          // placed since begin_at()
  std::vector<std::int64_t> errors_;  // measured - counted, of this fragment's frames
  double measured_sum_ = 0;           // of the same frames
  double step_rest_ = 0;              // of the rate, below one tick
  ClockRate rate_;
};

}  // namespace shilu::recorder

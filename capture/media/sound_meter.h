#pragma once
// Measures interleaved float samples; libebur128's home. Inside this module only. Thread-bound.

#include <ebur128.h>

#include <memory>
#include <span>
#include <vector>

#include "capture/media/sound_check.h"

namespace shilu::media {

class SoundMeter {
 public:
  static Result<SoundMeter> open(int sample_rate, int channels);
  void add(std::span<const float> interleaved);
  SoundSummary finish();

 private:
  struct Destroy {
    void operator()(ebur128_state* state) const;
  };
  SoundMeter(ebur128_state* state, int sample_rate, int channels);
  void add_block();
  void count_clipping(std::span<const float> interleaved);
  Nanoseconds time_of(std::uint64_t frames) const;

  std::unique_ptr<ebur128_state, Destroy> state_;
  std::size_t rate_;
  std::size_t channels_;
  std::uint64_t frames_ = 0;
  std::vector<double> energy_;            // of the block that is being filled, per channel
  std::vector<unsigned> full_scale_run_;  // per channel
  std::size_t block_filled_ = 0;
  std::uint64_t silence_begun_ = 0;  // frame
  bool silent_ = false;
  SoundSummary summary_;
};

}  // namespace shilu::media

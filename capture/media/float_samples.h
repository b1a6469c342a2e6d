#pragma once
// Decoded sound as interleaved floats, whatever the decoder gives. Inside this module only. Thread-bound.

#include <span>
#include <vector>

#include "capture/media/av_owner.h"
#include "firmware/base/result.h"

namespace shilu::media {

class FloatSamples {
 public:
  // The format is fixed by the first frame. kCorrupted: it cannot be converted, or is impossible.
  static Result<FloatSamples> open(const AVFrame& frame);
  bool fits(const AVFrame& frame) const;
  std::span<const float> convert(const AVFrame& frame);  // one that fits; until the next call
  int rate() const { return rate_; }
  int channels() const { return channels_; }

 private:
  FloatSamples(AvResampler resampler, const AVFrame& frame);
  AvResampler resampler_;
  int rate_;
  int channels_;
  int format_;
  std::vector<float> samples_;
};

}  // namespace shilu::media

#pragma once
// Listens to a sound as it goes on: how loud it is, and what is wrong with it. What it finds is a matter of
// seconds: it must be told while it can still be mended. Thread-bound.

#include <deque>
#include <span>
#include <vector>

#include "capture/media/persistence.h"

namespace shilu::media {

struct SoundLevel {
  double rms_dbfs = -120;  // of the loudest channel over 100 ms, without its constant part; never below -120
  double peak_dbfs = -120;
};

class SoundWatch {
 public:
  SoundWatch(int sample_rate, int channels);
  // Whole frames of interleaved samples, full scale is 1.
  void add(std::span<const float> interleaved);

  SoundLevel level() const { return level_; }       // of the last 100 ms
  bool silent() const { return silent_.raised(); }  // below -65 dBFS for 5 s: unplugged, muted, off
  bool clipping() const { return clipping_; }       // flat tops in at least 5 of the last 50 blocks of 100 ms
  int clipped_blocks() const;                       // how many of those have flat tops now
  // For 4 s nothing but mains hum: the microphone is not connected.
  bool hum_only() const { return hum_.raised(); }
  void restart();  // what comes next does not follow what came

 private:
  struct Channel {
    double sum = 0;
    double squares = 0;
    float peak = 0;
    unsigned flat_run = 0;
  };
  void end_block();
  void end_window();

  std::size_t rate_;
  std::vector<Channel> channels_;  // of the block that is being filled
  std::size_t in_block_ = 0;
  bool block_clipped_ = false;
  std::deque<bool> clipped_blocks_;  // the last 50
  std::vector<float> window_;        // the mean of the channels; 1 s
  SoundLevel level_;
  Persistence silent_;
  Persistence hum_;
  bool clipping_ = false;
};

// Whether a second of sound is mains hum and nothing beside it: it repeats with the period of 50 or 60 Hz,
// and most of it lies at that frequency and its first harmonics (a sung note repeats too, and does not).
bool is_hum(std::span<const float> samples, int sample_rate);

}  // namespace shilu::media

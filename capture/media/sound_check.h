#pragma once
// How the sound of a file is: loudness by EBU R 128 (libebur128), peaks, clipping, silence.

#include <filesystem>
#include <optional>

#include "capture/media/media_limits.h"
#include "firmware/base/result.h"

namespace shilu::media {

struct SoundSummary {
  Nanoseconds duration{0};
  std::optional<double> loudness_lufs;   // integrated; nullopt: nothing above the gate of -70 LUFS
  std::optional<double> true_peak_dbtp;  // nullopt: digital silence
  std::uint64_t clipped_runs = 0;        // 3 or more samples of one channel at full scale
  Nanoseconds silence{0};                // all 100 ms blocks quieter than kSilenceDbfs (RMS, loudest channel)
  Nanoseconds longest_silence{0};
  Nanoseconds longest_silence_at{0};  // from the first sample
};

inline constexpr double kSilenceDbfs = -60;

// Of the file's best sound stream. kNotFound: it has none; else the errors of probe(). What does not decode
// is passed over.
Result<SoundSummary> summarise_sound(const std::filesystem::path& file, const MediaLimits& limits = {});

}  // namespace shilu::media

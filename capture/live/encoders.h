#pragma once
// The one place that knows which encoder compresses what comes uncompressed. The sources ask for "a video
// encoder" and get a piece of pipeline text; everything behind it is H.264 without reordering, an IDR each
// second.

#include <cstdint>
#include <string>

#include "firmware/base/result.h"

namespace shilu::live {

struct EncoderChoice {
  std::string element;      // "x264enc": for the log
  std::string description;  // for gst_parse_bin_from_description
};

struct PictureFormat {
  int width = 1280;
  int height = 720;
  int frames_per_second = 25;
};

// The first that is there and can be opened: VA-API, V4L2 M2M, Rockchip MPP, x264 in software, with the
// preset that this machine has the time for (measured at the first call, about a tenth of a second).
Result<EncoderChoice> choose_video_encoder(const PictureFormat& format);

inline constexpr std::uint32_t kAacDelaySamples = 1024;  // of avenc_aac; GStreamer leaves it in the times
Result<EncoderChoice> choose_audio_encoder();

}  // namespace shilu::live

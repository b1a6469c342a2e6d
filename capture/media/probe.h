#pragma once
// What a media file is, found by reading all its packets; nothing is decoded but what names a format.

#include <filesystem>
#include <string>
#include <vector>

#include "capture/media/media_limits.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::media {

struct StreamFacts {
  MediaKind kind = MediaKind::kVideo;
  std::string codec;  // libav's name: "h264", "hevc", "aac"
  int width = 0;      // video
  int height = 0;
  double frames_per_second = 0;  // frames by duration; not what the file declares
  int sample_rate = 0;           // audio
  int channels = 0;
  std::uint64_t frames = 0;  // packets: pictures, or frames of sound
  std::uint64_t key_frames = 0;
  std::uint64_t bytes = 0;
  Nanoseconds start{0};     // presentation time of the first one
  Nanoseconds duration{0};  // from there to the end of the last one
};

struct MediaFacts {
  std::string container;  // "mov,mp4,m4a,3gp,3g2,mj2"
  std::uint64_t size_bytes = 0;
  Nanoseconds duration{0};           // of the longest stream, from the earliest start
  std::vector<StreamFacts> streams;  // of picture and sound, in the file's order

  const StreamFacts* first(MediaKind kind) const;
};

// kNotFound, kPermissionDenied, kCorrupted (no film, or broken on the way), kTimedOut, kCancelled.
Result<MediaFacts> probe(const std::filesystem::path& file, const MediaLimits& limits = {});

}  // namespace shilu::media

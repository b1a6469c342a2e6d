#pragma once
// A media file opened for demuxing, under limits. Inside this module only. Only containers of the kinds that
// we and cameras write are opened, and only the file itself: no playlist, no other protocol. Thread-bound.

#include <filesystem>
#include <optional>

#include "capture/media/av_owner.h"
#include "capture/media/media_limits.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::media {

class FileInput {
 public:
  // kNotFound, kPermissionDenied; kCorrupted when it is no film or has more streams than is sane.
  static Result<std::unique_ptr<FileInput>> open(const std::filesystem::path& file,
                                                 const MediaLimits& limits);
  AVFormatContext& context() { return *context_; }
  AVStream& stream(int index) { return *context_->streams[index]; }
  int best_stream(MediaKind kind);  // -1: none
  // The next packet; false at the end. kTimedOut, kCancelled; kCorrupted when the container is broken.
  Result<bool> read(AVPacket& packet);
  Status seek(int stream, Nanoseconds to);  // to the key picture at or before

 private:
  explicit FileInput(const MediaLimits& limits);
  static int interrupted(void* self);
  Status within_limits() const;

  MediaLimits limits_;
  MonotonicTime deadline_;
  AvInput context_;
};

// In the stream's time base; AV_NOPTS_VALUE gives nullopt.
std::optional<Nanoseconds> time_of(std::int64_t ticks, const AVStream& stream);

}  // namespace shilu::media

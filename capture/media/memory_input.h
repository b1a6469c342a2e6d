#pragma once
// An MP4 that lies in memory, opened for demuxing. Inside this module only. The bytes are borrowed for its
// life.

#include "capture/media/av_owner.h"
#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu::media {

class MemoryInput {
 public:
  // kCorrupted when libav finds no MP4 in it.
  static Result<std::unique_ptr<MemoryInput>> open(ByteView bytes);
  ~MemoryInput();
  AVFormatContext* context() { return context_; }

 private:
  explicit MemoryInput(ByteView bytes) : bytes_(bytes) {}
  static int read(void* self, std::uint8_t* into, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  const ByteView bytes_;
  std::size_t position_ = 0;
  AVIOContext* io_ = nullptr;
  AVFormatContext* context_ = nullptr;
};

std::string av_sentence(int error);  // libav's own words for an error code
void silence_libav();                // it writes to stderr by itself; we return errors

}  // namespace shilu::media

#include "capture/media/memory_input.h"

#include <algorithm>
#include <cstring>

namespace shilu::media {
namespace {
constexpr int kBuffer = 64 << 10;
}

std::string av_sentence(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

void silence_libav() {
  av_log_set_level(AV_LOG_QUIET);
}

Result<std::unique_ptr<MemoryInput>> MemoryInput::open(ByteView bytes) {
  silence_libav();
  std::unique_ptr<MemoryInput> input(new MemoryInput(bytes));
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  input->io_ =
      avio_alloc_context(buffer, kBuffer, 0, input.get(), &MemoryInput::read, nullptr, &MemoryInput::seek);
  input->context_ = avformat_alloc_context();
  input->context_->pb = input->io_;
  const int opened = avformat_open_input(&input->context_, nullptr, av_find_input_format("mov"), nullptr);
  if (opened < 0) return fail(ErrorKind::kCorrupted, "this is no MP4: " + av_sentence(opened));
  return input;
}

MemoryInput::~MemoryInput() {
  avformat_close_input(&context_);
  if (io_ != nullptr) av_freep(&io_->buffer);
  avio_context_free(&io_);
}

int MemoryInput::read(void* self, std::uint8_t* into, int size) {
  auto& input = *static_cast<MemoryInput*>(self);
  const std::size_t count = std::min(static_cast<std::size_t>(size), input.bytes_.size() - input.position_);
  if (count == 0) return AVERROR_EOF;
  std::memcpy(into, input.bytes_.data() + input.position_, count);
  input.position_ += count;
  return static_cast<int>(count);
}

std::int64_t MemoryInput::seek(void* self, std::int64_t offset, int whence) {
  auto& input = *static_cast<MemoryInput*>(self);
  const auto size = static_cast<std::int64_t>(input.bytes_.size());
  if (whence == AVSEEK_SIZE) return size;
  const std::int64_t from = whence == SEEK_CUR   ? static_cast<std::int64_t>(input.position_)
                            : whence == SEEK_END ? size
                                                 : 0;
  const std::int64_t target = from + offset;
  if (target < 0 || target > size) return AVERROR(EINVAL);
  input.position_ = static_cast<std::size_t>(target);
  return target;
}

}  // namespace shilu::media

#include "capture/media/file_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/media/memory_input.h"

namespace shilu::media {
namespace {

constexpr Nanoseconds kLongestTime = std::chrono::hours(24 * 365);

MonotonicTime deadline_of(Nanoseconds time) {
  return SystemClock().monotonic() + std::min(time, kLongestTime);
}

tl::unexpected<Error> open_failed(int error, const std::filesystem::path& file) {
  if (error == AVERROR(ENOENT))
    return fail(ErrorKind::kNotFound, fmt::format("there is no file {}", file.string()));
  if (error == AVERROR(EACCES)) {
    return fail(ErrorKind::kPermissionDenied, fmt::format("{} may not be read", file.string()));
  }
  return fail(ErrorKind::kCorrupted, fmt::format("{} is no film: {}", file.string(), av_sentence(error)));
}

}  // namespace

FileInput::FileInput(const MediaLimits& limits)
    : limits_(limits), deadline_(deadline_of(limits.time)), context_(avformat_alloc_context()) {
  context_->interrupt_callback = {&FileInput::interrupted, this};
  context_->max_streams = kMaxStreams;
}

int FileInput::interrupted(void* self) {
  return static_cast<FileInput*>(self)->within_limits() ? 0 : 1;
}

Status FileInput::within_limits() const {
  if (limits_.stop.stop_requested()) return fail(ErrorKind::kCancelled, "the job was cancelled");
  if (SystemClock().monotonic() < deadline_) return {};
  return fail(ErrorKind::kTimedOut, "the file took longer than the job may");
}

Result<std::unique_ptr<FileInput>> FileInput::open(const std::filesystem::path& file,
                                                   const MediaLimits& limits) {
  silence_libav();
  std::unique_ptr<FileInput> input(new FileInput(limits));
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  av_dict_set(&options, "format_whitelist", "mov,matroska,mpegts,aac,wav", 0);
  auto* context = input->context_.release();  // libav frees it when it fails
  const int opened = avformat_open_input(&context, ("file:" + file.string()).c_str(), nullptr, &options);
  input->context_.reset(context);
  av_dict_free(&options);
  SHILU_CHECK(input->within_limits());
  if (opened < 0) return open_failed(opened, file);
  const int known = avformat_find_stream_info(context, nullptr);
  SHILU_CHECK(input->within_limits());
  if (known < 0) return open_failed(known, file);
  return input;
}

int FileInput::best_stream(MediaKind kind) {
  const auto type = kind == MediaKind::kVideo ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO;
  return std::max(-1, av_find_best_stream(context_.get(), type, -1, -1, nullptr, 0));
}

Result<bool> FileInput::read(AVPacket& packet) {
  SHILU_CHECK(within_limits());
  av_packet_unref(&packet);
  const int got = av_read_frame(context_.get(), &packet);
  if (got >= 0) return true;
  SHILU_CHECK(within_limits());
  if (got == AVERROR_EOF) return false;
  return fail(ErrorKind::kCorrupted, fmt::format("the container is broken: {}", av_sentence(got)));
}

Status FileInput::seek(int stream_index, Nanoseconds to) {
  const auto ticks = av_rescale_q(to.count(), {1, 1'000'000'000}, stream(stream_index).time_base);
  const auto& start = stream(stream_index).start_time;
  const auto target = ticks + (start == AV_NOPTS_VALUE ? 0 : start);
  const int done = av_seek_frame(context_.get(), stream_index, target, AVSEEK_FLAG_BACKWARD);
  if (done < 0)
    return fail(ErrorKind::kNotFound, fmt::format("there is no such time in it: {}", av_sentence(done)));
  return {};
}

std::optional<Nanoseconds> time_of(std::int64_t ticks, const AVStream& stream) {
  if (ticks == AV_NOPTS_VALUE) return std::nullopt;
  return Nanoseconds(av_rescale_q(ticks, stream.time_base, {1, 1'000'000'000}));
}

}  // namespace shilu::media

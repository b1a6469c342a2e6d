#pragma once
// A decoder for one stream, single-threaded and within sane bounds. Inside this module only. Thread-bound.

#include <functional>

#include "capture/media/av_owner.h"
#include "firmware/base/result.h"

namespace shilu::media {

enum class DecodeMode { kLenient, kStrict /* any damage is an error */, kKeyPicturesOnly };

class Decoder {
 public:
  static Result<Decoder> open(const AVStream& stream, DecodeMode mode);
  static Result<Decoder> open(const AVCodecParameters& parameters, AVRational time_base, DecodeMode mode);
  // Hands on every frame that comes out; the frame is gone after the call. `packet` nullptr: the end, drains.
  // kCorrupted: the packet does not decode.
  Status decode(const AVPacket* packet, const std::function<Status(AVFrame&)>& on_frame);
  void forget() { avcodec_flush_buffers(codec_.get()); }  // what comes next does not follow what came
  const AVCodecContext& context() const { return *codec_; }

 private:
  explicit Decoder(AvCodec codec) : codec_(std::move(codec)), frame_(av_frame_alloc()) {}
  AvCodec codec_;
  AvFrame frame_;
};

}  // namespace shilu::media

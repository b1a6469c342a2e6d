#pragma once
// Owners of libav's objects, one deleter per type, so that none is freed by the wrong call. Inside this
// module only.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <memory>

namespace shilu::media {

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreeCodecContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeScaler {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

struct FreeResampler {
  void operator()(SwrContext* context) const { swr_free(&context); }
};

using AvInput = std::unique_ptr<AVFormatContext, CloseInput>;
using AvCodec = std::unique_ptr<AVCodecContext, FreeCodecContext>;
using AvFrame = std::unique_ptr<AVFrame, FreeFrame>;
using AvPacket = std::unique_ptr<AVPacket, FreePacket>;
using AvResampler = std::unique_ptr<SwrContext, FreeResampler>;
using AvScaler = std::unique_ptr<SwsContext, FreeScaler>;

}  // namespace shilu::media

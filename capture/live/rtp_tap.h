#pragma once
// Looks at the RTP packets that pass a pad: their timestamps and times go to the lip sync, and to the stream
// that they become when it is fed in the same thread.

#include <memory>

#include "capture/live/gst_owner.h"
#include "capture/live/lip_sync.h"

namespace shilu::live {

class Stream;

class RtpTap {
 public:
  // Null when the pad carries no RTP. Must not be destroyed before its pipeline is stopped.
  static std::unique_ptr<RtpTap> attach(GstPad* pad, MediaKind kind, MonotonicTime base_time,
                                        LipSync& lip_sync, Stream* stream);

 private:
  RtpTap(MediaKind kind, std::uint32_t rate, MonotonicTime base_time, LipSync& lip_sync, Stream* stream)
      : kind_(kind), rate_(rate), base_time_(base_time), lip_sync_(lip_sync), stream_(stream) {}
  static GstPadProbeReturn on_packet(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void take(GstPad* pad, GstBuffer* buffer);

  MediaKind kind_;
  std::uint32_t rate_;
  MonotonicTime base_time_;
  LipSync& lip_sync_;
  Stream* stream_;
};

}  // namespace shilu::live

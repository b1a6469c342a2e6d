#pragma once
// Looks at the RTP packets that pass a pad, and gives them the times of the packet clock. Their timestamps
// and times go to the lip sync, and to the stream that they become when it is fed in the same thread.

#include <memory>

#include "capture/live/gst_owner.h"
#include "capture/live/lip_sync.h"
#include "capture/live/packet_clock.h"

namespace shilu::live {

class Stream;

class RtpTap {
 public:
  // Null when the pad carries no RTP. Must not be destroyed before its pipeline is stopped.
  static std::unique_ptr<RtpTap> attach(GstPad* pad, MediaKind kind, MonotonicTime base_time,
                                        Nanoseconds settling, LipSync& lip_sync, Stream* stream);

 private:
  RtpTap(MediaKind kind, std::uint32_t rate, MonotonicTime base_time, Nanoseconds settling, LipSync& lip_sync,
         Stream* stream)
      : kind_(kind),
        rate_(rate),
        base_time_(base_time),
        clock_(rate, settling),
        lip_sync_(lip_sync),
        stream_(stream) {}
  static GstPadProbeReturn on_packet(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  GstBuffer* take(GstPad* pad, GstBuffer* buffer);

  MediaKind kind_;
  std::uint32_t rate_;
  MonotonicTime base_time_;
  PacketClock clock_;
  LipSync& lip_sync_;
  Stream* stream_;
};

}  // namespace shilu::live

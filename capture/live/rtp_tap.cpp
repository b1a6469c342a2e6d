#include "capture/live/rtp_tap.h"

#include <algorithm>

#include "capture/live/stream.h"

namespace shilu::live {
namespace {

// Hz of RTP timestamps; 0 when the pad carries something else.
std::uint32_t rtp_rate_of(GstPad* pad) {
  const auto caps = adopt(gst_pad_get_current_caps(pad));
  if (!caps) return 0;
  const auto* structure = gst_caps_get_structure(caps.get(), 0);
  gint rate = 0;
  if (!gst_structure_has_name(structure, "application/x-rtp")) return 0;
  gst_structure_get_int(structure, "clock-rate", &rate);
  return rate > 0 ? static_cast<std::uint32_t>(rate) : 0;
}

// Copied, for it belongs to an event of the pad.
std::optional<GstSegment> segment_of(GstPad* pad) {
  const auto event = adopt(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
  if (!event) return std::nullopt;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  return *segment;
}

// What the jitter buffer made of it; nullopt: there is none.
std::optional<Nanoseconds> running_time_of(const GstSegment& segment, GstBuffer* buffer) {
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) return std::nullopt;
  const auto time = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (!GST_CLOCK_TIME_IS_VALID(time)) return std::nullopt;
  return Nanoseconds(static_cast<std::int64_t>(time));
}

GstClockTime position(const GstSegment& segment, Nanoseconds running) {
  const auto time = static_cast<guint64>(std::max(running, Nanoseconds(0)).count());
  return gst_segment_position_from_running_time(&segment, GST_FORMAT_TIME, time);
}

}  // namespace

std::unique_ptr<RtpTap> RtpTap::attach(GstPad* pad, MediaKind kind, MonotonicTime base_time,
                                       Nanoseconds settling, LipSync& lip_sync, Stream* stream) {
  const auto rate = rtp_rate_of(pad);
  if (rate == 0) return nullptr;
  auto tap = std::unique_ptr<RtpTap>(new RtpTap(kind, rate, base_time, settling, lip_sync, stream));
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, &RtpTap::on_packet, tap.get(), nullptr);
  return tap;
}

GstPadProbeReturn RtpTap::on_packet(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  info->data = static_cast<RtpTap*>(self)->take(pad, gst_pad_probe_info_get_buffer(info));
  return GST_PAD_PROBE_OK;
}

// Owns the buffer and gives it back, or a copy of it.
GstBuffer* RtpTap::take(GstPad* pad, GstBuffer* buffer) {
  RtpPacket packet;
  packet.kind = kind_;
  packet.rate = rate_;
  {
    const BufferMap map(buffer);
    ByteReader header(ByteView(map.data(), map.size()));
    header.u32();  // RFC 3550 5.1: version, marks, sequence number
    packet.timestamp = header.u32();
    packet.ssrc = header.u32();
    if (!header.ok()) return buffer;
  }
  const auto segment = segment_of(pad);
  if (!segment) return buffer;
  std::optional<MonotonicTime> by_jitter_buffer;
  if (const auto running = running_time_of(*segment, buffer)) by_jitter_buffer = base_time_ + *running;
  const auto now = SystemClock().monotonic();
  packet.measured = clock_.place(packet.timestamp, by_jitter_buffer, now);
  lip_sync_.packet(packet);
  // The unit that a packet completes comes out of the branch before this thread brings the next packet.
  if (stream_ != nullptr) stream_->note(packet);
  buffer = gst_buffer_make_writable(buffer);
  GST_BUFFER_PTS(buffer) = position(*segment, packet.measured - base_time_);
  GST_BUFFER_DTS(buffer) = GST_BUFFER_PTS(buffer);
  return buffer;
}

}  // namespace shilu::live

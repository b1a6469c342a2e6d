#pragma once
// Stands in rtpbin where its jitter buffer would stand (signal "request-jitterbuffer"): packets pass in the
// thread that brought them. For RTSP over TCP, where none is lost, doubled or overtaken; PacketClock gives
// their times. A jitter buffer costs two threads a stream and a switch between them a packet
// (docs/decisions/0006-times-of-network-cameras.md).

#include <gst/gst.h>

namespace shilu::live {

// Floating, as from an element's factory.
GstElement* new_packet_passage();

}  // namespace shilu::live

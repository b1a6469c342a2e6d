#include <gst/rtsp/rtsp.h>

#include <cstring>

#include "capture/live/sources.h"

namespace shilu::live {
namespace {

// GStreamer's "slave": the receiver follows the sender's clock and smooths the network's jitter.
constexpr int kBufferModeSlave = 1;
constexpr guint kLatencyMs = 200;
// The camera's first sender report tells how sound and picture lie to each other; they are moved there bit by
// bit, not by a jump that would look like a lost picture.
constexpr guint64 kLargestMoveNs = 1'000'000;  // per unit
constexpr guint64 kTimeoutUs = 5'000'000;

// Cameras offer more than picture and sound (ONVIF events as "application"); each costs them a session.
gboolean select_stream(GstElement*, guint, GstCaps* caps, gpointer) {
  const gchar* media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
  return media != nullptr && (std::strcmp(media, "video") == 0 || std::strcmp(media, "audio") == 0);
}

}  // namespace

Status build_rtsp(Assembly& assembly, const SourceSpec& spec, Transport transport) {
  SHILU_TRY(auto* camera, assembly.add_element("rtspsrc"));
  const auto protocols =
      transport == Transport::kTcp
          ? GST_RTSP_LOWER_TRANS_TCP
          : static_cast<GstRTSPLowerTrans>(GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_UDP_MCAST);
  // Each attempt builds a new one, so that it need not reconnect by itself.
  g_object_set(camera, "location", spec.location.c_str(), "latency", kLatencyMs, "tcp-timeout", kTimeoutUs,
               "timeout", kTimeoutUs, "udp-reconnect", FALSE, nullptr);
  g_object_set(camera, "protocols", protocols, "buffer-mode", kBufferModeSlave, "max-ts-offset-adjustment",
               kLargestMoveNs, nullptr);
  if (!spec.user.empty() || !spec.password.empty()) {
    g_object_set(camera, "user-id", spec.user.c_str(), "user-pw", spec.password.c_str(), nullptr);
  }
  g_signal_connect(camera, "select-stream", G_CALLBACK(select_stream), nullptr);
  assembly.attach_pads_of(camera);
  return {};
}

}  // namespace shilu::live

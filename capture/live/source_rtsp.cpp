#include <gst/rtsp/rtsp.h>

#include <cstring>
#include <set>

#include "capture/live/packet_passage.h"
#include "capture/live/sources.h"

namespace shilu::live {
namespace {

// GStreamer's "slave": the receiver follows the sender's clock and smooths the network's jitter.
constexpr int kBufferModeSlave = 1;
// Nothing waits for this long unless a UDP packet is missing; but what comes later than this makes GStreamer
// forget the delay that it had found and squeeze the next two seconds (measured on a busy machine with the
// usual 200 ms).
constexpr guint kLatencyTcpMs = 2000;
constexpr guint kLatencyUdpMs = 1000;
constexpr guint64 kTimeoutUs = 5'000'000;

struct Chosen {
  // The RTP sessions (by rtspsrc's numbers of its streams) whose units are recorded untouched. Those of the
  // first seconds are timed anew before anybody sees them; an encoder would hear the delay being found.
  std::set<guint> untouched;
  bool picture = true;  // wanted
  Progress& progress;
};

// Cameras offer more than picture and sound (ONVIF events as "application"); each costs them a session.
gboolean select_stream(GstElement*, guint number, const GstCaps* caps, gpointer chosen) {
  auto& streams = *static_cast<Chosen*>(chosen);
  if (is_rtp_recorded_untouched(caps)) streams.untouched.insert(number);
  const gchar* media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
  if (media == nullptr) return FALSE;
  const bool picture = std::strcmp(media, "video") == 0 && streams.picture;
  if (picture) streams.progress.video.announced = true;  // else a silent camera would be a microphone
  return picture || std::strcmp(media, "audio") == 0;
}

void delete_chosen(gpointer chosen) {
  delete static_cast<Chosen*>(chosen);
}

// RTCP came from a sender: its source object has the last report, also one from before the first packet.
void on_rtcp(GstElement* manager, guint session, guint ssrc, gpointer lip_sync) {
  GObject* raw_session = nullptr;
  g_signal_emit_by_name(manager, "get-internal-session", session, &raw_session);
  const auto rtp_session = adopt(raw_session);
  if (!rtp_session) return;
  GObject* raw_source = nullptr;
  g_signal_emit_by_name(rtp_session.get(), "get-source-by-ssrc", ssrc, &raw_source);
  const auto source = adopt(raw_source);
  if (!source) return;
  GstStructure* stats = nullptr;
  g_object_get(source.get(), "stats", &stats, nullptr);
  gboolean reported = FALSE;
  SenderReport report;
  report.ssrc = ssrc;
  guint64 ntp = 0;
  gst_structure_get(stats, "have-sr", G_TYPE_BOOLEAN, &reported, "sr-ntptime", G_TYPE_UINT64, &ntp,
                    "sr-rtptime", G_TYPE_UINT, &report.timestamp, nullptr);
  gst_structure_free(stats);
  report.ntp = ntp;
  if (reported != FALSE) static_cast<LipSync*>(lip_sync)->report(report);
}

GstElement* passage_or_jitter_buffer(GstElement*, guint session, gpointer chosen) {
  if (static_cast<Chosen*>(chosen)->untouched.contains(session)) return new_packet_passage();
  return gst_element_factory_make("rtpjitterbuffer", nullptr);
}

void on_ordered_manager(GstElement*, GstElement* manager, gpointer chosen) {
  g_signal_connect(manager, "request-jitterbuffer", G_CALLBACK(passage_or_jitter_buffer), chosen);
}

void select_streams(GstElement* camera, const SourceSpec& spec, Transport transport, Progress& progress) {
  auto* chosen = new Chosen{{}, spec.picture, progress};
  g_object_set_data_full(G_OBJECT(camera), "shilu-chosen", chosen, delete_chosen);
  g_signal_connect(camera, "select-stream", G_CALLBACK(select_stream), chosen);
  // Over TCP no packet is lost, doubled or overtaken: nothing has to wait for it.
  if (transport == Transport::kTcp)
    g_signal_connect(camera, "new-manager", G_CALLBACK(on_ordered_manager), chosen);
}

void on_manager(GstElement*, GstElement* manager, gpointer lip_sync) {
  constexpr gint64 kNone = 1;                              // ns; 0 means without a limit
  g_object_set(manager, "max-ts-offset", kNone, nullptr);  // LipSync does it
  g_signal_connect(manager, "on-ssrc-active", G_CALLBACK(on_rtcp), lip_sync);
}

}  // namespace

Status build_rtsp(Assembly& assembly, const SourceSpec& spec, Transport transport) {
  SHILU_TRY(auto* camera, assembly.add_element("rtspsrc"));
  const auto protocols =
      transport == Transport::kTcp
          ? GST_RTSP_LOWER_TRANS_TCP
          : static_cast<GstRTSPLowerTrans>(GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_UDP_MCAST);
  // Each attempt builds a new one, so that it need not reconnect by itself.
  g_object_set(camera, "location", spec.location.c_str(), "latency",
               transport == Transport::kTcp ? kLatencyTcpMs : kLatencyUdpMs, "tcp-timeout", kTimeoutUs,
               "timeout", kTimeoutUs, "udp-reconnect", FALSE, nullptr);
  g_object_set(camera, "protocols", protocols, "buffer-mode", kBufferModeSlave, nullptr);
  if (!spec.user.empty() || !spec.password.empty()) {
    g_object_set(camera, "user-id", spec.user.c_str(), "user-pw", spec.password.c_str(), nullptr);
  }
  g_signal_connect(camera, "new-manager", G_CALLBACK(on_manager), &assembly.lip_sync());
  select_streams(camera, spec, transport, assembly.progress());
  assembly.attach_pads_of(camera);
  return {};
}

}  // namespace shilu::live

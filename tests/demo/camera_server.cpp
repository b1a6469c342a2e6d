#include "tests/demo/camera_server.h"

namespace shilu::demo {
namespace {

std::string video_launch(const FeedSource& source) {
  const std::string rate = std::to_string(source.frames_per_second);
  // A closed GOP of 1 s without B-frames, as the product asks real cameras for.
  return "appsrc name=video is-live=true format=time block=false max-bytes=20000000 "
         "caps=video/x-raw,format=I420,width=" +
         std::to_string(source.width) + ",height=" + std::to_string(source.height) + ",framerate=" + rate +
         "/1 ! queue max-size-buffers=30 ! x264enc tune=zerolatency sliced-threads=false threads=1 "
         "speed-preset=ultrafast bframes=0 bitrate=" +
         std::to_string(source.kilobits_per_second) + " key-int-max=" + rate +
         " option-string=scenecut=0:keyint=" + rate + ":min-keyint=" + rate +
         " ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! "
         "rtph264pay name=pay0 pt=96 config-interval=-1 ";
}

std::string audio_launch(const FeedSource& source) {
  return std::string(
             "appsrc name=audio is-live=true format=time block=false max-bytes=2000000 "
             "caps=audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved ! queue ! audioconvert "
             "! "
             "avenc_aac bitrate=96000 ! rtpmp4gpay pt=97 name=pay") +
         (source.draw ? "1 " : "0 ");
}

std::string launch_of(const FeedSource& source) {
  return "( " + (source.draw ? video_launch(source) : "") + (source.sound ? audio_launch(source) : "") + ")";
}

// CLOCK_MONOTONIC, faster or slower. Owned by the caller.
GstClock* studio_clock(const Studio& studio) {
  auto* clock =
      GST_CLOCK(g_object_new(GST_TYPE_SYSTEM_CLOCK, "clock-type", GST_CLOCK_TYPE_MONOTONIC, nullptr));
  gst_object_ref_sink(clock);
  const auto epoch = static_cast<GstClockTime>(studio.epoch_ns);
  constexpr GstClockTime kDenominator = 1'000'000;
  gst_clock_set_calibration(clock, epoch, epoch,
                            static_cast<GstClockTime>(studio.clock_rate * kDenominator + 0.5), kDenominator);
  return clock;
}

void destroy_feed(gpointer feed) {
  delete static_cast<LiveFeed*>(feed);
}

void on_unprepared(GstRTSPMedia* media, gpointer) {
  g_object_set_data(G_OBJECT(media), "feed", nullptr);
}

}  // namespace

CameraServer::CameraServer(Studio& studio, const CameraOptions& options)
    : studio_(studio), options_(options), server_(gst_rtsp_server_new()) {
  gst_rtsp_server_set_address(server_, "127.0.0.1");
  gst_rtsp_server_set_service(server_, std::to_string(options.port).c_str());
  if (!options.user.empty()) protect(options);
}

CameraServer::~CameraServer() {
  g_object_unref(server_);
}

void CameraServer::protect(const CameraOptions& options) {
  GstRTSPAuth* auth = gst_rtsp_auth_new();
  GstRTSPToken* token =
      gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", nullptr);
  if (options.authentication == "basic") {
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_BASIC);
    gchar* basic = gst_rtsp_auth_make_basic(options.user.c_str(), options.password.c_str());
    gst_rtsp_auth_add_basic(auth, basic, token);
    g_free(basic);
  } else {
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
    gst_rtsp_auth_add_digest(auth, options.user.c_str(), options.password.c_str(), token);
  }
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server_, auth);
  g_object_unref(auth);
}

void CameraServer::add(const FeedSource& source) {
  mounts_.push_back({this, source});
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, launch_of(source).c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  gst_rtsp_media_factory_set_latency(factory, 0);
  if (!options_.user.empty()) {
    gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN,
                                    TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE,
                                    nullptr);
  }
  g_signal_connect(factory, "media-configure", G_CALLBACK(on_configure), &mounts_.back());
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server_);
  gst_rtsp_mount_points_add_factory(mounts, ("/" + source.name).c_str(), factory);
  g_object_unref(mounts);
}

void CameraServer::on_configure(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer data) {
  auto* mount = static_cast<Mount*>(data);
  const Studio& studio = mount->server->studio_;
  if (studio.clock_rate != 1) {
    GstClock* clock = studio_clock(studio);
    gst_rtsp_media_set_clock(media, clock);
    gst_object_unref(clock);
  }
  GstElement* element = gst_rtsp_media_get_element(media);
  GstElement* video =
      mount->source.draw ? gst_bin_get_by_name_recurse_up(GST_BIN(element), "video") : nullptr;
  GstElement* audio =
      mount->source.sound ? gst_bin_get_by_name_recurse_up(GST_BIN(element), "audio") : nullptr;
  g_object_set_data_full(G_OBJECT(media), "feed",
                         new LiveFeed(mount->server->studio_, mount->source, video, audio), destroy_feed);
  g_signal_connect(media, "unprepared", G_CALLBACK(on_unprepared), nullptr);
  if (audio != nullptr) gst_object_unref(audio);
  if (video != nullptr) gst_object_unref(video);
  gst_object_unref(element);
}

int CameraServer::listen() {
  if (gst_rtsp_server_attach(server_, nullptr) == 0) return 0;
  return gst_rtsp_server_get_bound_port(server_);
}

}  // namespace shilu::demo

// A screen of a Wayland desktop, through the desktop's portal and PipeWire.

#include <fmt/format.h>
#include <gst/video/video.h>

#include "capture/live/shared_screen.h"
#include "capture/live/sources.h"

namespace shilu::live {
namespace {

// What arrives from PipeWire, put right.
class Arrival {
 public:
  static void watch(GstPad* pad) {
    const auto what =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    gst_pad_add_probe(pad, what, on_data, new Arrival,
                      [](gpointer self) { delete static_cast<Arrival*>(self); });
  }

 private:
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer raw) {
    auto& self = *static_cast<Arrival*>(raw);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
      const bool caps = GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_CAPS;
      if (caps) self.size_ = 0;
      return GST_PAD_PROBE_OK;
    }
    if (self.reshaped(gst_pad_probe_info_get_buffer(info))) {
      gst_pad_mark_reconfigure(pad);
      return GST_PAD_PROBE_DROP;
    }
    GST_PAD_PROBE_INFO_DATA(info) = timed(pad, gst_pad_probe_info_get_buffer(info));
    return GST_PAD_PROBE_OK;
  }

  // Desktops time their pictures by clocks of their own, and PipeWire's repeated pictures keep the time of
  // the first; the moment of arrival is a few milliseconds late and always true.
  static GstBuffer* timed(GstPad* pad, GstBuffer* buffer) {
    buffer = gst_buffer_make_writable(buffer);
    const auto element = adopt(gst_pad_get_parent_element(pad));
    GST_BUFFER_PTS(buffer) = gst_element_get_current_running_time(element.get());
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    return buffer;
  }

  // A screen whose mode was changed: PipeWire 0.3.65 goes on without telling the new format, until it is
  // asked anew.
  bool reshaped(GstBuffer* buffer) {
    const auto size = gst_buffer_get_size(buffer);
    const auto* meta = gst_buffer_get_video_meta(buffer);
    const int stride = meta == nullptr ? 0 : meta->stride[0];
    if (size_ == 0) {
      size_ = size;
      stride_ = stride;
    }
    return size != size_ || stride != stride_;
  }

  gsize size_ = 0;  // bytes of a picture in the format that was told; 0: none has come yet
  int stride_ = 0;
};

// A desktop sends a picture when something has changed; PipeWire's element repeats the last one, so that a
// screen that stands still has pictures, too, and one that is gone has none.
std::string description(int frames_per_second) {
  return fmt::format(
      "pipewiresrc name=source keepalive-time={0} client-name=shilu ! capsfilter "
      "caps=\"video/x-raw,max-framerate=(fraction)[1/1,{1}/1];video/x-raw\"",
      1000 / frames_per_second, frames_per_second);
}

Status check_plugin() {
  if (adopt_floating(gst_element_factory_make("pipewiresrc", nullptr))) return {};
  return fail(ErrorKind::kUnavailable,
              "GStreamer's part for PipeWire is missing (package gstreamer1.0-pipewire)");
}

}  // namespace

Status build_shared_screen(Assembly& assembly, const SourceSpec& spec, const Invitation& invitation) {
  SHILU_TRY(const int rate, screen_rate(spec));
  SHILU_CHECK(check_plugin());
  SHILU_TRY(std::shared_ptr<SharedScreen> screen,
            SharedScreen::open(invitation.consent, invitation.asking, invitation.stop));
  SHILU_TRY(auto* bin, assembly.add(description(rate)));
  const auto source = adopt(gst_bin_get_by_name(GST_BIN(bin), "source"));
  g_object_set(source.get(), "fd", screen->pipewire(), "path", std::to_string(screen->node()).c_str(),
               nullptr);
  const auto first = adopt(gst_element_get_static_pad(source.get(), "src"));
  Arrival::watch(first.get());
  keep_first_format(bin);
  assembly.lives_with([screen] { return screen->ended(); });
  const auto pad = adopt(gst_element_get_static_pad(bin, "src"));
  assembly.attach_when_known(pad.get());
  return {};
}

}  // namespace shilu::live

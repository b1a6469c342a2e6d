// Devices of the machine itself, and files.

#include <fmt/format.h>

#include <filesystem>

#include "capture/live/camera_format.h"
#include "capture/live/sources.h"

namespace shilu::live {
namespace {

// Adds the description, whose element "source" gets its place by `property`; outside text never is pipeline
// text.
Result<GstElement*> add_source(Assembly& assembly, const std::string& description, const char* property,
                               const std::string& value) {
  SHILU_TRY(auto* bin, assembly.add(description));
  const auto source = adopt(gst_bin_get_by_name(GST_BIN(bin), "source"));
  if (!value.empty()) g_object_set(source.get(), property, value.c_str(), nullptr);
  return bin;
}

void attach_output(Assembly& assembly, GstElement* bin) {
  const auto pad = adopt(gst_element_get_static_pad(bin, "src"));
  assembly.attach_when_known(pad.get());
}

GstPadProbeReturn drop_reconfigure(GstPad*, GstPadProbeInfo* info, gpointer) {
  const auto type = GST_EVENT_TYPE(gst_pad_probe_info_get_event(info));
  return type == GST_EVENT_RECONFIGURE ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

// What the driver tells once the device is open; "" if it cannot be opened, which its start will say.
std::string offered_formats(GstElement* bin) {
  const auto source = adopt(gst_bin_get_by_name(GST_BIN(bin), "source"));
  const auto pad = adopt(gst_element_get_static_pad(source.get(), "src"));
  const bool open = gst_element_set_state(source.get(), GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
  if (!open) return "";
  const auto caps = adopt(gst_pad_query_caps(pad.get(), nullptr));
  const GText text(gst_caps_to_string(caps.get()));
  return text.get();
}

}  // namespace

// A sound card that has been set up may refuse another set-up, and PipeWire begins anew for one; whatever
// came first can be converted.
void keep_first_format(GstElement* bin) {
  const auto source = adopt(gst_bin_get_by_name(GST_BIN(bin), "source"));
  const auto pad = adopt(gst_element_get_static_pad(source.get(), "src"));
  const auto next = adopt(gst_pad_get_peer(pad.get()));
  gst_pad_add_probe(next.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, drop_reconfigure, nullptr, nullptr);
}

Status build_file(Assembly& assembly, const SourceSpec& spec) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(spec.location, error)) {
    return fail(ErrorKind::kNotFound, "there is no such file");
  }
  SHILU_TRY(auto* file, assembly.add_element("filesrc"));
  g_object_set(file, "location", spec.location.c_str(), nullptr);
  SHILU_TRY(auto* parts, assembly.add_element("decodebin"));
  // It stops at the formats that are recorded as they are, and decodes the others.
  const auto kept = adopt(gst_caps_from_string(
      "video/x-h264;video/x-h265;audio/mpeg,mpegversion=(int){2,4};video/x-raw;audio/x-raw"));
  g_object_set(parts, "caps", kept.get(), nullptr);
  assembly.attach_pads_of(parts);
  if (gst_element_link(file, parts) != FALSE) return {};
  return fail(ErrorKind::kInternal, "the parts of the pipeline do not fit");
}

Status build_v4l2(Assembly& assembly, const SourceSpec& spec) {
  std::error_code error;
  if (!std::filesystem::exists(spec.location, error)) {
    return fail(ErrorKind::kNotFound, fmt::format("there is no {}", spec.location));
  }
  SHILU_TRY(const int width, spec.number("width", 1280, 160, 3840));
  SHILU_TRY(const int height, spec.number("height", 720, 120, 2160));
  SHILU_TRY(const int rate, spec.number("fps", 25, 1, 60));
  SHILU_TRY(auto* bin,
            add_source(assembly, "v4l2src name=source ! capsfilter name=format", "device", spec.location));
  const auto format = adopt(gst_bin_get_by_name(GST_BIN(bin), "format"));
  const auto wanted = camera_caps({width, height, rate}, offered_formats(bin));
  const auto caps = adopt(gst_caps_from_string(wanted.c_str()));
  g_object_set(format.get(), "caps", caps.get(), nullptr);
  attach_output(assembly, bin);
  return {};
}

Status build_screen(Assembly& assembly, const SourceSpec& spec) {
  // use-damage costs more than it saves when anything on the screen moves.
  SHILU_TRY(auto* bin, add_source(assembly, "ximagesrc name=source use-damage=false show-pointer=true",
                                  "display-name", spec.location));
  attach_output(assembly, bin);
  return {};
}

// A second of room in the driver, for a board that is busy. The pipeline keeps the system's clock and the
// samples are laid onto it; the driver's own times are of any clock. A card that has several rates gives the
// one that is recorded.
Status build_microphone(Assembly& assembly, const SourceSpec& spec) {
  std::string format = "capsfilter caps=audio/x-raw";
  const bool usual = spec.location.empty() || spec.location == "default";
  std::string element = "pulsesrc name=source provide-clock=false buffer-time=1000000";
  const char* place = "device";
  if (spec.kind == "alsa") {
    element = "alsasrc name=source provide-clock=false use-driver-timestamps=false buffer-time=1000000";
    format = "capsfilter caps=\"audio/x-raw,rate=48000;audio/x-raw\"";
  }
  if (spec.kind == "pipewire") {
    element = "pipewiresrc name=source do-timestamp=true";
    place = "target-object";
  }
  const auto value = usual && spec.kind != "alsa" ? std::string() : spec.location;
  SHILU_TRY(auto* bin, add_source(assembly, fmt::format("{} ! {}", element, format), place, value));
  if (spec.kind == "alsa") keep_first_format(bin);
  attach_output(assembly, bin);
  return {};
}

Status build_test(Assembly& assembly, const SourceSpec& spec) {
  SHILU_TRY(const int width, spec.number("width", 640, 160, 1920));
  SHILU_TRY(const int height, spec.number("height", 360, 120, 1080));
  SHILU_TRY(const int rate, spec.number("fps", 25, 1, 60));
  SHILU_TRY(const int sound, spec.number("sound", 1, 0, 1));
  SHILU_TRY(auto* picture, assembly.add(fmt::format(
                               "videotestsrc is-live=true pattern=smpte ! "
                               "capsfilter caps=video/x-raw,format=I420,width={},height={},framerate={}/1",
                               width, height, rate)));
  attach_output(assembly, picture);
  if (sound == 0) return {};
  SHILU_TRY(auto* tone, assembly.add("audiotestsrc is-live=true wave=ticks samplesperbuffer=480 ! "
                                     "capsfilter caps=audio/x-raw,rate=48000,channels=1"));
  attach_output(assembly, tone);
  return {};
}

}  // namespace shilu::live

#include "capture/live/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "capture/live/gst_owner.h"
#include "capture/live/shared_screen.h"

namespace shilu::live {
namespace {

constexpr std::size_t kMostModes = 12;

std::string property(const GstStructure* properties, const char* name) {
  const gchar* text = properties == nullptr ? nullptr : gst_structure_get_string(properties, name);
  return text == nullptr ? "" : text;
}

// The largest of a value that may be one number, a range or a list.
int largest_int(const GValue* value) {
  if (value == nullptr) return 0;
  if (G_VALUE_HOLDS_INT(value)) return g_value_get_int(value);
  if (GST_VALUE_HOLDS_INT_RANGE(value)) return gst_value_get_int_range_max(value);
  int most = 0;
  if (GST_VALUE_HOLDS_LIST(value)) {
    for (guint i = 0; i < gst_value_list_get_size(value); ++i)
      most = std::max(most, largest_int(gst_value_list_get_value(value, i)));
  }
  return most;
}

double largest_rate(const GValue* value) {
  if (value == nullptr) return 0;
  if (GST_VALUE_HOLDS_FRACTION(value)) {
    const int below = gst_value_get_fraction_denominator(value);
    return below == 0 ? 0 : static_cast<double>(gst_value_get_fraction_numerator(value)) / below;
  }
  if (GST_VALUE_HOLDS_FRACTION_RANGE(value)) return largest_rate(gst_value_get_fraction_range_max(value));
  double most = 0;
  if (GST_VALUE_HOLDS_LIST(value)) {
    for (guint i = 0; i < gst_value_list_get_size(value); ++i)
      most = std::max(most, largest_rate(gst_value_list_get_value(value, i)));
  }
  return most;
}

std::string format_name(std::string_view media, const GstStructure* caps) {
  if (media == "image/jpeg") return "MJPEG";
  if (media == "video/x-h264") return "H.264";
  if (media == "video/x-h265") return "H.265";
  const auto* format = gst_structure_get_string(caps, "format");
  return format == nullptr ? "raw" : format;
}

std::optional<std::string> mode_of(const GstStructure* caps) {
  const std::string_view media(gst_structure_get_name(caps));
  const auto value = [&](const char* name) { return gst_structure_get_value(caps, name); };
  if (media.starts_with("audio/")) {
    const int rate = largest_int(value("rate"));
    const int channels = largest_int(value("channels"));
    if (rate <= 0) return std::nullopt;
    return fmt::format("{} Hz, {}", rate,
                       channels == 1 ? "1 channel" : fmt::format("up to {} channels", channels));
  }
  const int width = largest_int(value("width"));
  if (width <= 0) return std::nullopt;
  return fmt::format("{}x{} {} {:.4g}/s", width, largest_int(value("height")), format_name(media, caps),
                     largest_rate(value("framerate")));
}

std::vector<std::string> modes_of(const GstCaps* caps) {
  std::vector<std::string> modes;
  for (guint i = 0; caps != nullptr && i < gst_caps_get_size(caps) && modes.size() < kMostModes; ++i) {
    const auto mode = mode_of(gst_caps_get_structure(caps, i));
    if (mode && std::find(modes.begin(), modes.end(), *mode) == modes.end()) modes.push_back(*mode);
  }
  return modes;
}

// Where the device is reached; nullopt for what cannot be a source.
std::optional<std::pair<std::string, std::string>> kind_and_place(GstDevice* device) {
  GstStructure* raw = gst_device_get_properties(device);
  const std::unique_ptr<GstStructure, decltype(&gst_structure_free)> properties(raw, gst_structure_free);
  const std::string type(G_OBJECT_TYPE_NAME(device));
  if (type == "GstV4l2Device") return std::pair("v4l2", property(raw, "device.path"));
  if (type == "GstAlsaDevice") {
    const auto card = property(raw, "alsa.card");
    const auto number = property(raw, "alsa.device");
    return std::pair("alsa",
                     card.empty() ? property(raw, "device.string") : fmt::format("hw:{},{}", card, number));
  }
  if (type == "GstPulseDevice") {
    const auto element = adopt_floating(gst_device_create_element(device, nullptr));
    gchar* name = nullptr;
    if (element) g_object_get(element.get(), "device", &name, nullptr);
    const GText owned(name);
    return std::pair("pulse", std::string(name == nullptr ? "default" : name));
  }
  if (type == "GstPipeWireDevice") {
    // Its pictures are told by V4L2 itself, or are a screen that somebody shares at this moment.
    if (gst_device_has_classes(device, "Audio/Source") == FALSE) return std::nullopt;
    return std::pair("pipewire", property(raw, "node.name"));
  }
  return std::nullopt;
}

std::optional<FoundDevice> found(GstDevice* device) {
  const auto where = kind_and_place(device);
  if (!where || where->second.empty()) return std::nullopt;
  const auto caps = adopt(gst_device_get_caps(device));
  const GText label(gst_device_get_display_name(device));
  return FoundDevice{where->first, where->first + "://" + where->second, label ? label.get() : "",
                     modes_of(caps.get())};
}

void find_screens(std::vector<FoundDevice>& devices) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/tmp/.X11-unix", error)) {
    const auto name = entry.path().filename().string();
    if (name.size() > 1 && name[0] == 'X')
      devices.push_back({"screen", "screen://:" + name.substr(1), "X11 display :" + name.substr(1), {}});
  }
  if (screens_can_be_shared())
    devices.push_back({"screen", "screen://portal", "a screen that this desktop shares", {}});
}

}  // namespace

std::vector<FoundDevice> find_devices() {
  std::vector<FoundDevice> devices;
  // Never stopped: PipeWire 0.3.65 frees memory twice then. It goes with the process.
  auto* monitor = gst_device_monitor_new();
  gst_device_monitor_add_filter(monitor, "Video/Source", nullptr);
  gst_device_monitor_add_filter(monitor, "Audio/Source", nullptr);
  if (gst_device_monitor_start(monitor) != FALSE) {
    GList* list = gst_device_monitor_get_devices(monitor);
    for (GList* item = list; item != nullptr; item = item->next) {
      const auto device = adopt(GST_DEVICE(item->data));
      if (auto one = found(device.get())) devices.push_back(std::move(*one));
    }
    g_list_free(list);
  }
  find_screens(devices);
  return devices;
}

}  // namespace shilu::live

#include "tests/demo/footage.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shilu::demo {
namespace {

[[noreturn]] void give_up(const std::string& sentence) {
  std::fprintf(stderr, "shilu-demo-camera: %s\n", sentence.c_str());
  std::exit(1);
}

// Pulls buffers of the pipeline's appsink "out" until `take` has enough or the file ends.
template <typename Take>
void pull(const std::string& launch, Take take) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(launch.c_str(), &error);
  if (error != nullptr) give_up(std::string("cannot decode the footage: ") + error->message);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink))) {
    GstMapInfo map;
    gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
    const bool more = take(map.data, map.size);
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    gst_sample_unref(sample);
    if (!more) break;
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
}

}  // namespace

Footage load_footage(const std::string& file, std::size_t frame_count) {
  Footage footage;
  const std::string source = "filesrc location=\"" + file + "\" ! qtdemux name=d ";
  pull(source +
           "d.video_0 ! queue ! h264parse ! avdec_h264 ! videoconvert ! "
           "video/x-raw,format=I420,width=1280,height=720 ! "
           "appsink name=out sync=false max-buffers=4",
       [&](const std::uint8_t* data, std::size_t size) {
         Frame frame(1280, 720);
         if (size == frame.bytes.size()) std::memcpy(frame.bytes.data(), data, size);
         footage.frames.push_back(std::move(frame));
         return footage.frames.size() < frame_count;
       });
  pull(source +
           "d.audio_0 ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! "
           "audio/x-raw,format=S16LE,rate=48000,channels=1 ! appsink name=out sync=false",
       [&](const std::uint8_t* data, std::size_t size) {
         const auto* samples = reinterpret_cast<const std::int16_t*>(data);
         footage.samples.insert(footage.samples.end(), samples, samples + size / 2);
         return true;
       });
  if (footage.frames.empty() || footage.samples.empty())
    give_up("\"" + file + "\" holds no picture or no sound");
  return footage;
}

}  // namespace shilu::demo

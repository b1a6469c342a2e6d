#include "capture/live/encoders.h"

#include <fmt/format.h>

#include <array>

#include "capture/live/encoder_cost.h"
#include "capture/live/gst_owner.h"

namespace shilu::live {
namespace {

struct Candidate {
  const char* element;
  const char* properties;  // {0}: pictures from one IDR to the next; {1}: x264's speed preset
};

// A cheap rate that keeps handwriting readable; scenecut=0 keeps the GOPs one second long.
constexpr std::array<Candidate, 4> kVideo{{
    {"vah264enc", "key-int-max={0} b-frames=0 rate-control=cqp qpi=24 qpp=26"},
    {"v4l2h264enc",
     "extra-controls=\"controls,video_gop_size={0},video_b_frames=0,repeat_sequence_header=1,video_bitrate="
     "3000000\""},
    {"mpph264enc", "gop={0} bps=3000000"},
    {"x264enc",
     "tune=zerolatency speed-preset={1} bframes=0 key-int-max={0} b-adapt=false rc-lookahead=0 "
     "pass=qual quantizer=23 vbv-buf-capacity=1000 bitrate=8000 option-string=scenecut=0"},
}};

// Hardware elements register when the driver is there, and still fail to open when the device is not ours.
bool can_open(const char* element) {
  const auto made = adopt_floating(gst_element_factory_make(element, nullptr));
  if (!made) return false;
  const auto opened = gst_element_set_state(made.get(), GST_STATE_READY);
  gst_element_set_state(made.get(), GST_STATE_NULL);
  return opened != GST_STATE_CHANGE_FAILURE;
}

}  // namespace

Result<EncoderChoice> choose_video_encoder(const PictureFormat& format) {
  for (const auto& [element, properties] : kVideo) {
    if (!can_open(element)) continue;
    const double pixels = static_cast<double>(format.width) * format.height * format.frames_per_second;
    const auto preset = std::string_view(element) == "x264enc" ? preset_for(pixels) : std::string();
    return EncoderChoice{
        element, fmt::format("{} {}", element,
                             fmt::format(fmt::runtime(properties), format.frames_per_second, preset))};
  }
  return fail(ErrorKind::kUnavailable,
              "no encoder for H.264 is installed: gstreamer1.0-plugins-ugly brings one (x264enc)");
}

Result<EncoderChoice> choose_audio_encoder() {
  if (can_open("avenc_aac")) return EncoderChoice{"avenc_aac", "avenc_aac bitrate=96000 tolerance=20000000"};
  return fail(ErrorKind::kUnavailable,
              "no encoder for AAC is installed: gstreamer1.0-libav brings one (avenc_aac)");
}

}  // namespace shilu::live

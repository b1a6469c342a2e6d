#include "capture/live/stream_caps.h"

#include <array>
#include <limits>

#include "capture/live/bit_reader.h"
#include "capture/live/gst_owner.h"

namespace shilu::live {
namespace {

Bytes codec_data_of(const GstStructure* structure) {
  const GValue* value = gst_structure_get_value(structure, "codec_data");
  if (value == nullptr || !GST_VALUE_HOLDS_BUFFER(value)) return {};
  const BufferMap map(gst_value_get_buffer(value));
  return Bytes(map.data(), map.data() + map.size());
}

template <typename T>
T number_of(const GstStructure* structure, const char* name) {
  gint value = 0;
  gst_structure_get_int(structure, name, &value);
  if (value < 0 || static_cast<std::uint64_t>(value) > std::numeric_limits<T>::max()) return 0;
  return static_cast<T>(value);
}

// ISO/IEC 14496-3 1.6.2.1: the head of an AudioSpecificConfig.
struct AudioConfig {
  std::uint32_t sample_rate = 0;
  std::uint32_t frame_samples = 0;
};

AudioConfig read_audio_config(ByteView configuration) {
  constexpr std::array<std::uint32_t, 13> kRates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                                 22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
  constexpr std::uint32_t kEscapeType = 31;
  constexpr std::uint32_t kEscapeRate = 15;
  BitReader reader(configuration);
  const auto type = reader.bits(5);
  if (type == kEscapeType) reader.skip(6);
  const auto rate = reader.bits(4);
  AudioConfig config;
  if (rate == kEscapeRate) config.sample_rate = reader.bits(24);
  if (rate < kRates.size()) config.sample_rate = kRates[rate];
  const auto channels = reader.bits(4);
  const bool plain = type >= 1 && type <= 4;  // with a GASpecificConfig right behind
  config.frame_samples = plain && channels > 0 && reader.flag() ? 960 : 1024;
  return config;
}

}  // namespace

Result<link::TrackParameters> parameters_of(const GstCaps* caps) {
  const auto* structure = gst_caps_get_structure(caps, 0);
  const std::string_view name(gst_structure_get_name(structure));
  link::TrackParameters track;
  auto& parameters = track.parameters;
  parameters.configuration = codec_data_of(structure);
  if (parameters.configuration.empty()) {
    return fail(ErrorKind::kInvalidArgument, "the stream does not tell its decoder configuration");
  }
  if (name == "audio/mpeg") {
    const auto config = read_audio_config(parameters.configuration);
    track.kind = MediaKind::kAudio;
    track.nominal_ticks = config.frame_samples;
    parameters.codec = Codec::kAac;
    parameters.sample_rate = config.sample_rate;
    parameters.channels = number_of<std::uint16_t>(structure, "channels");
    parameters.timescale = config.sample_rate;
    if (config.sample_rate > 0 && parameters.channels > 0) return track;
  } else if (name == "video/x-h264" || name == "video/x-h265") {
    parameters.codec = name == "video/x-h264" ? Codec::kH264 : Codec::kH265;
    parameters.width = number_of<std::uint16_t>(structure, "width");
    parameters.height = number_of<std::uint16_t>(structure, "height");
    if (parameters.width > 0 && parameters.height > 0) return track;
  }
  return fail(ErrorKind::kInvalidArgument, "the stream's format is not one that is recorded");
}

}  // namespace shilu::live

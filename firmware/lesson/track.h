#pragma once
// A track is what is recorded of a source: one elementary stream. Source `room` gives `room.video` and
// `room.audio`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu {

enum class MediaKind { kVideo, kAudio };
std::string_view to_string(MediaKind kind);  // "video", "audio"

// Source names are chosen by people and become folder names: 1 to 32 of [a-z0-9-], beginning with a letter.
bool is_source_name(std::string_view name);
std::string track_name(std::string_view source, MediaKind kind);  // "room.video"
struct TrackName {
  std::string source;
  MediaKind kind;
};
Result<TrackName> parse_track_name(std::string_view track);

// Everything a decoder must know before the first sample of an epoch, as the MP4 sample entry takes it.
enum class Codec { kH264, kH265, kAac };
std::string_view to_string(Codec codec);  // "h264", "h265", "aac"

struct CodecParameters {
  Codec codec = Codec::kH264;
  // H.264: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1); H.265: HEVCDecoderConfigurationRecord;
  // AAC: AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1).
  Bytes configuration;
  std::uint16_t width = 0;           // video: coded size as displayed
  std::uint16_t height = 0;          //
  std::uint32_t sample_rate = 0;     // audio, Hz
  std::uint16_t channels = 0;        //
  std::uint32_t timescale = 90'000;  // ticks per second in the file; audio: the sample rate

  bool operator==(const CodecParameters&) const = default;
};

std::string rfc6381(const CodecParameters& parameters);  // "avc1.64001f", "mp4a.40.2"

}  // namespace shilu

#include "capture/bmff/sample_entry.h"

#include <fmt/format.h>

#include "capture/bmff/boxes.h"

namespace shilu::bmff {
namespace {

constexpr std::size_t kVisualFields = 78;  // of VisualSampleEntry before its boxes
constexpr std::size_t kAudioFields = 28;
constexpr std::size_t kAvcHeader = 7;  // the fixed parts of the two configuration records
constexpr std::size_t kHevcHeader = 23;
constexpr std::size_t kMaxVideoConfiguration = 64u << 10;
constexpr std::size_t kMaxAudioConfiguration = 127;
constexpr std::size_t kBeforeAudioConfiguration = 35;  // bytes of our esds body before and behind it
constexpr std::size_t kAfterAudioConfiguration = 6;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

// `length_byte` holds lengthSizeMinusOne in its two lowest bits.
Status check_video(const CodecParameters& parameters, std::size_t minimum, std::size_t length_byte) {
  const auto& record = parameters.configuration;
  if (parameters.width == 0 || parameters.height == 0) return invalid("the video has no size");
  if (record.size() < minimum || record.size() > kMaxVideoConfiguration || record[0] != 1) {
    return invalid(fmt::format("{} bytes of decoder configuration are not a record of {}", record.size(),
                               to_string(parameters.codec)));
  }
  if ((record[length_byte] & 3u) != 3) return invalid("the NAL units' lengths are not 4 bytes long");
  return {};
}

Status check_audio(const CodecParameters& parameters) {
  if (parameters.sample_rate == 0 || parameters.channels == 0)
    return invalid("the sound has no rate or no channels");
  if (parameters.timescale != parameters.sample_rate)
    return invalid("the timescale of sound is not its sample rate");
  const auto size = parameters.configuration.size();
  if (size < 2 || size > kMaxAudioConfiguration) {
    return invalid(fmt::format("{} bytes are not an AudioSpecificConfig", size));
  }
  return {};
}

std::string_view entry_type(Codec codec) {
  if (codec == Codec::kAac) return "mp4a";
  return codec == Codec::kH264 ? "avc1" : "hvc1";
}

void put_video_entry(Bytes& out, const CodecParameters& parameters) {
  put_box(out, entry_type(parameters.codec), [&] {
    put_zeros(out, 6);
    put_u16(out, 1);  // data reference
    put_zeros(out, 16);
    put_u16(out, parameters.width);
    put_u16(out, parameters.height);
    put_u32(out, 0x00480000);  // 72 dpi, both ways
    put_u32(out, 0x00480000);
    put_u32(out, 0);
    put_u16(out, 1);     // frames per sample
    put_zeros(out, 32);  // compressor's name
    put_u16(out, 24);    // depth
    put_u16(out, 0xffff);
    put_box(out, parameters.codec == Codec::kH264 ? "avcC" : "hvcC",
            [&] { put_bytes(out, parameters.configuration); });
  });
}

// MPEG-4 descriptor (ISO/IEC 14496-1 8.3.3) with its length in the four-byte form, as most writers do.
void put_descriptor(Bytes& out, std::uint8_t tag, std::size_t length) {
  put_u8(out, tag);
  for (const unsigned shift : {21u, 14u, 7u})
    put_u8(out, static_cast<std::uint8_t>(0x80u | (length >> shift & 127u)));
  put_u8(out, static_cast<std::uint8_t>(length & 127u));
}

void put_esds(Bytes& out, ByteView configuration) {
  put_full_box(out, "esds", 0, 0, [&] {
    const auto decoder_size = 13 + 5 + configuration.size();
    put_descriptor(out, 3, 3 + 5 + decoder_size + kAfterAudioConfiguration);  // ES_Descriptor
    put_u16(out, 0);
    put_u8(out, 0);
    put_descriptor(out, 4, decoder_size);  // DecoderConfigDescriptor
    put_u8(out, 0x40);                     // MPEG-4 audio
    put_u8(out, 0x15);                     // audio stream
    put_zeros(out, 11);                    // buffer size and bit rates: not told
    put_descriptor(out, 5, configuration.size());
    put_bytes(out, configuration);
    put_descriptor(out, 6, 1);  // SLConfigDescriptor, predefined for MP4
    put_u8(out, 2);
  });
}

void put_audio_entry(Bytes& out, const CodecParameters& parameters) {
  put_box(out, "mp4a", [&] {
    put_zeros(out, 6);
    put_u16(out, 1);
    put_zeros(out, 8);
    put_u16(out, parameters.channels);
    put_u16(out, 16);
    put_u32(out, 0);
    // 16.16; rates that do not fit stand as 0, the timescale tells them.
    put_u32(out, parameters.sample_rate > 0xffff ? 0 : parameters.sample_rate << 16);
    put_esds(out, parameters.configuration);
  });
}

Result<CodecParameters> read_video_entry(Codec codec, ByteView body, std::uint32_t timescale) {
  ByteReader reader(body);
  reader.bytes(24);
  CodecParameters parameters;
  parameters.codec = codec;
  parameters.timescale = timescale;
  parameters.width = reader.u16();
  parameters.height = reader.u16();
  reader.bytes(kVisualFields - 28);
  if (!reader.ok()) return corrupted("the sample entry is too short");
  SHILU_TRY(const auto record,
            find_box(body.subspan(kVisualFields), codec == Codec::kH264 ? "avcC" : "hvcC"));
  parameters.configuration.assign(record.begin(), record.end());
  return parameters;
}

Result<CodecParameters> read_audio_entry(ByteView body, std::uint32_t timescale) {
  ByteReader reader(body);
  reader.bytes(16);
  CodecParameters parameters;
  parameters.codec = Codec::kAac;
  parameters.timescale = timescale;
  parameters.sample_rate = timescale;
  parameters.channels = reader.u16();
  reader.bytes(kAudioFields - 18);
  if (!reader.ok()) return corrupted("the sample entry is too short");
  SHILU_TRY(const auto esds, find_box(body.subspan(kAudioFields), "esds"));
  if (esds.size() < kBeforeAudioConfiguration + kAfterAudioConfiguration)
    return corrupted("the esds box is too short");
  const auto configuration = esds.subspan(kBeforeAudioConfiguration,
                                          esds.size() - kBeforeAudioConfiguration - kAfterAudioConfiguration);
  parameters.configuration.assign(configuration.begin(), configuration.end());
  return parameters;
}

}  // namespace

Status check_parameters(const CodecParameters& parameters) {
  if (parameters.timescale == 0) return invalid("the timescale is 0");
  switch (parameters.codec) {
    case Codec::kH264:
      return check_video(parameters, kAvcHeader, 4);
    case Codec::kH265:
      return check_video(parameters, kHevcHeader, 21);
    case Codec::kAac:
      return check_audio(parameters);
  }
  return invalid("the codec is unknown");
}

void put_sample_entry(Bytes& out, const CodecParameters& parameters) {
  if (is_video(parameters)) {
    put_video_entry(out, parameters);
  } else {
    put_audio_entry(out, parameters);
  }
}

Result<CodecParameters> read_sample_entry(ByteView stsd, std::uint32_t timescale) {
  if (stsd.size() < 8) return corrupted("the stsd box is too short");
  auto entries = stsd.subspan(8);
  SHILU_TRY(const auto entry, take_box(entries));
  for (const auto codec : {Codec::kH264, Codec::kH265}) {
    if (entry.type == entry_type(codec)) return read_video_entry(codec, entry.body, timescale);
  }
  if (entry.type == entry_type(Codec::kAac)) return read_audio_entry(entry.body, timescale);
  return corrupted("the sample entry is of a codec that this program does not know");
}

}  // namespace shilu::bmff

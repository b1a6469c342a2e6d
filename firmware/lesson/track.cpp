#include "firmware/lesson/track.h"

#include <fmt/format.h>

#include <algorithm>

namespace shilu {
namespace {

constexpr std::size_t kMaxSourceName = 32;

std::uint8_t byte_at(ByteView bytes, std::size_t index) {
  return index < bytes.size() ? bytes[index] : std::uint8_t{0};
}

std::string avc_name(ByteView configuration) {
  return fmt::format("avc1.{:02x}{:02x}{:02x}", byte_at(configuration, 1), byte_at(configuration, 2),
                     byte_at(configuration, 3));
}

std::uint32_t reversed_bits(std::uint32_t value) {
  std::uint32_t result = 0;
  for (int bit = 0; bit < 32; ++bit) result = result << 1 | (value >> bit & 1u);
  return result;
}

// ISO/IEC 14496-15 annex E.3: profile, compatibility flags with their bits reversed, tier and level, then the
// constraint bytes without the trailing zero ones.
std::string hevc_name(ByteView configuration) {
  static constexpr std::string_view kSpaces[] = {"", "A", "B", "C"};
  const auto profile = byte_at(configuration, 1);
  std::uint32_t compatibility = 0;
  for (std::size_t i = 2; i < 6; ++i) compatibility = compatibility << 8 | byte_at(configuration, i);
  auto name =
      fmt::format("hvc1.{}{}.{:X}.{}{}", kSpaces[profile >> 6], profile & 31u, reversed_bits(compatibility),
                  (profile & 32u) != 0 ? 'H' : 'L', byte_at(configuration, 12));
  std::size_t end = 12;
  while (end > 6 && byte_at(configuration, end - 1) == 0) --end;
  for (std::size_t i = 6; i < end; ++i) name += fmt::format(".{:X}", byte_at(configuration, i));
  return name;
}

// The object type is 5 bits; 31 means 32 plus the next 6 (ISO/IEC 14496-3 1.6.2.1).
std::string aac_name(ByteView configuration) {
  const unsigned bits = static_cast<unsigned>(byte_at(configuration, 0)) << 8 | byte_at(configuration, 1);
  const unsigned type = bits >> 11;
  return fmt::format("mp4a.40.{}", type == 31 ? 32 + (bits >> 5 & 63u) : type);
}

}  // namespace

std::string_view to_string(MediaKind kind) {
  return kind == MediaKind::kVideo ? "video" : "audio";
}

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return "h264";
    case Codec::kH265:
      return "h265";
    case Codec::kAac:
      return "aac";
  }
  return "h264";
}

bool is_source_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kMaxSourceName && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::string track_name(std::string_view source, MediaKind kind) {
  return fmt::format("{}.{}", source, to_string(kind));
}

Result<TrackName> parse_track_name(std::string_view track) {
  const auto dot = track.find('.');
  if (dot != track.npos && is_source_name(track.substr(0, dot))) {
    for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
      if (track.substr(dot + 1) == to_string(kind)) return TrackName{std::string(track.substr(0, dot)), kind};
    }
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not the name of a track", track));
}

std::string rfc6381(const CodecParameters& parameters) {
  switch (parameters.codec) {
    case Codec::kH264:
      return avc_name(parameters.configuration);
    case Codec::kH265:
      return hevc_name(parameters.configuration);
    case Codec::kAac:
      return aac_name(parameters.configuration);
  }
  return {};
}

}  // namespace shilu

#include "capture/bmff/silence.h"

namespace shilu::bmff {
namespace {

// The frames that hls.js fills holes with (src/remux/aac-helper.ts): known to every browser's decoder.
constexpr std::uint8_t kMono[] = {0x00, 0xc8, 0x00, 0x80, 0x23, 0x80};
constexpr std::uint8_t kStereo[] = {0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80};

constexpr unsigned kLowComplexity = 2;
constexpr unsigned kExplicitRate = 15;

bool repeats(ByteView bytes, ByteView frame) {
  if (bytes.empty() || bytes.size() % frame.size() != 0) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != frame[i % frame.size()]) return false;
  }
  return true;
}

}  // namespace

bool is_silence(ByteView bytes) {
  return repeats(bytes, kMono) || repeats(bytes, kStereo);
}

ByteView silent_frame(const CodecParameters& parameters) {
  if (parameters.codec != Codec::kAac || parameters.configuration.size() < 2) return {};
  // AudioSpecificConfig: object type (5 bits), rate index (4), channels (4), then frameLengthFlag (1: 960
  // samples).
  const unsigned bits = static_cast<unsigned>(parameters.configuration[0]) << 8 | parameters.configuration[1];
  const unsigned channels = bits >> 3 & 15u;
  if (bits >> 11 != kLowComplexity || (bits >> 7 & 15u) == kExplicitRate || (bits & 4u) != 0) return {};
  if (channels == 1) return kMono;
  return channels == 2 ? ByteView(kStereo) : ByteView();
}

}  // namespace shilu::bmff

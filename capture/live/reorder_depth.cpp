#include "capture/live/reorder_depth.h"

#include <algorithm>
#include <array>

#include "capture/live/bit_reader.h"

namespace shilu::live {
namespace {

// ITU-T H.264 7.3.2.1.1: the profiles whose SPS has the chroma fields.
bool has_chroma_fields(std::uint32_t profile) {
  constexpr std::array<std::uint32_t, 13> kProfiles{100, 110, 122, 244, 44,  83, 86,
                                                    118, 128, 138, 139, 134, 135};
  return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

void skip_scaling_list(BitReader& reader, unsigned size) {
  std::int64_t last = 8;
  std::int64_t next = 8;
  for (unsigned i = 0; i < size && reader.ok(); ++i) {
    if (next != 0) next = (last + reader.se() + 256) % 256;
    last = next == 0 ? last : next;
  }
}

void skip_chroma_fields(BitReader& reader) {
  const auto format = reader.ue();
  if (format == 3) reader.skip(1);
  reader.ue();
  reader.ue();
  reader.skip(1);
  if (!reader.flag()) return;
  const unsigned lists = format == 3 ? 12 : 8;
  for (unsigned i = 0; i < lists && reader.ok(); ++i) {
    if (reader.flag()) skip_scaling_list(reader, i < 6 ? 16 : 64);
  }
}

// Gives pic_order_cnt_type.
std::uint32_t read_picture_order(BitReader& reader) {
  const auto type = reader.ue();
  if (type == 0) reader.ue();
  if (type == 1) {
    reader.skip(1);
    reader.se();
    reader.se();
    const auto cycle = std::min(reader.ue(), 255u);
    for (unsigned i = 0; i < cycle && reader.ok(); ++i) reader.se();
  }
  return type;
}

void skip_frame_geometry(BitReader& reader) {
  reader.ue();  // max_num_ref_frames
  reader.skip(1);
  reader.ue();  // width, height in macroblocks
  reader.ue();
  if (!reader.flag()) reader.skip(1);  // frame_mbs_only_flag
  reader.skip(1);
  if (reader.flag()) {  // cropping
    for (int i = 0; i < 4; ++i) reader.ue();
  }
}

void skip_hrd(BitReader& reader) {
  const auto count = std::min(reader.ue(), 31u) + 1;
  reader.skip(8);
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  reader.skip(20);
}

// E.1.1 up to bitstream_restriction_flag.
void skip_vui_head(BitReader& reader) {
  constexpr std::uint32_t kExtendedAspect = 255;
  if (reader.flag() && reader.bits(8) == kExtendedAspect) reader.skip(32);
  if (reader.flag()) reader.skip(1);  // overscan
  if (reader.flag()) {                // video signal type
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {  // chroma location
    reader.ue();
    reader.ue();
  }
  if (reader.flag()) reader.skip(65);  // timing
  const bool nal_hrd = reader.flag();
  if (nal_hrd) skip_hrd(reader);
  const bool vcl_hrd = reader.flag();
  if (vcl_hrd) skip_hrd(reader);
  if (nal_hrd || vcl_hrd) reader.skip(1);
  reader.skip(1);  // pic_struct_present_flag
}

std::optional<unsigned> restriction_of_vui(BitReader& reader) {
  skip_vui_head(reader);
  if (!reader.flag()) return std::nullopt;
  reader.skip(1);
  for (int i = 0; i < 4; ++i) reader.ue();
  const auto depth = reader.ue();
  return reader.ok() ? std::optional(depth) : std::nullopt;
}

std::optional<unsigned> depth_of_sps(ByteView nal) {
  constexpr std::uint32_t kBaseline = 66;
  constexpr std::uint32_t kOutputInDecodeOrder = 2;
  BitReader reader(nal.subspan(1));
  const auto profile = reader.bits(8);
  reader.skip(16);
  reader.ue();
  if (profile == kBaseline) return 0;
  if (has_chroma_fields(profile)) skip_chroma_fields(reader);
  reader.ue();  // log2_max_frame_num
  if (read_picture_order(reader) == kOutputInDecodeOrder)
    return reader.ok() ? std::optional(0u) : std::nullopt;
  skip_frame_geometry(reader);
  if (!reader.flag()) return std::nullopt;  // no VUI
  return restriction_of_vui(reader);
}

void skip_profile_tier_level(BitReader& reader, unsigned sub_layers) {
  constexpr unsigned kProfileBits = 88;
  constexpr unsigned kLevelBits = 8;
  reader.skip(kProfileBits + kLevelBits);
  std::array<unsigned, 8> bits{};
  for (unsigned i = 0; i < sub_layers; ++i) {
    bits[i] = reader.flag() ? kProfileBits : 0;
    bits[i] += reader.flag() ? kLevelBits : 0;
  }
  if (sub_layers > 0) reader.skip(2 * (8 - sub_layers));
  for (const auto count : bits) reader.skip(count);
}

std::optional<unsigned> depth_of_vps(ByteView nal) {
  BitReader reader(nal.subspan(std::min<std::size_t>(nal.size(), 2)));
  reader.skip(12);
  const auto sub_layers = reader.bits(3);  // vps_max_sub_layers_minus1
  reader.skip(17);
  skip_profile_tier_level(reader, sub_layers);
  const bool each = reader.flag();
  unsigned depth = 0;
  for (unsigned i = each ? 0 : sub_layers; i <= sub_layers && reader.ok(); ++i) {
    reader.ue();
    depth = reader.ue();
    reader.ue();
  }
  return reader.ok() ? std::optional(depth) : std::nullopt;
}

}  // namespace

std::optional<unsigned> reorder_depth(Codec codec, const std::vector<Bytes>& parameter_sets) {
  constexpr int kSps = 7;
  constexpr int kVps = 32;
  for (const auto& set : parameter_sets) {
    if (set.empty()) continue;
    const bool telling = codec == Codec::kH264 ? (set[0] & 0x1f) == kSps : (set[0] >> 1 & 0x3f) == kVps;
    if (!telling) continue;
    const auto depth = codec == Codec::kH264 ? depth_of_sps(set) : depth_of_vps(set);
    if (depth && *depth <= kMaxReorderDepth) return depth;
  }
  return std::nullopt;
}

}  // namespace shilu::live

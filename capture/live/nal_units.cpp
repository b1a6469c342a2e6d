#include "capture/live/nal_units.h"

#include <algorithm>

namespace shilu::live {
namespace {

// ITU-T H.264 table 7-1.
enum H264Type : std::uint8_t {
  kIdr = 5,
  kSps = 7,
  kPps = 8,
  kDelimiter = 9,
  kFiller = 12,
  kSpsExtension = 13
};
// ITU-T H.265 table 7-1. 16 to 23: intra random access point pictures.
enum H265Type : std::uint8_t {
  kFirstIrap = 16,
  kLastIrap = 23,
  kVps = 32,
  kPps265 = 34,
  kDelimiter265 = 35,
  kFiller265 = 38
};

enum class Role { kPicture, kSyncPicture, kParameterSet, kNoise /* of no use in a file */, kOther };

Role role_of(Codec codec, ByteView nal) {
  if (codec == Codec::kH264) {
    const auto type = nal[0] & 0x1f;
    if (type == kIdr) return Role::kSyncPicture;
    if (type == kSps || type == kPps || type == kSpsExtension) return Role::kParameterSet;
    return type == kDelimiter || type == kFiller ? Role::kNoise : type < kIdr ? Role::kPicture : Role::kOther;
  }
  const auto type = nal[0] >> 1 & 0x3f;
  if (type >= kFirstIrap && type <= kLastIrap) return Role::kSyncPicture;
  if (type >= kVps && type <= kPps265) return Role::kParameterSet;
  return type == kDelimiter265 || type == kFiller265 ? Role::kNoise
         : type < kFirstIrap                         ? Role::kPicture
                                                     : Role::kOther;
}

bool same(const Bytes& left, ByteView right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

tl::unexpected<Error> bad_configuration() {
  return fail(ErrorKind::kCorrupted, "the stream's decoder configuration is malformed");
}

void read_sets(ByteReader& reader, unsigned count, std::vector<Bytes>& sets) {
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    const auto set = reader.bytes(reader.u16());
    if (!set.empty()) sets.emplace_back(set.begin(), set.end());
  }
}

constexpr std::uint8_t kFourByteLengths = 3;  // lengthSizeMinusOne

// ISO/IEC 14496-15 5.3.3.1.2
Result<std::vector<Bytes>> read_avc(ByteReader reader) {
  std::vector<Bytes> sets;
  const auto head = reader.bytes(5);
  if (!reader.ok() || head[0] != 1) return bad_configuration();
  if ((head[4] & 3) != kFourByteLengths) {
    return fail(ErrorKind::kInvalidArgument, "the stream's NAL units do not have lengths of 4 bytes");
  }
  read_sets(reader, reader.u8() & 0x1fu, sets);
  read_sets(reader, reader.u8(), sets);
  if (!reader.ok()) return bad_configuration();
  return sets;
}

// ISO/IEC 14496-15 8.3.3.1.2
Result<std::vector<Bytes>> read_hevc(ByteReader reader) {
  std::vector<Bytes> sets;
  const auto head = reader.bytes(22);
  if (!reader.ok() || head[0] != 1) return bad_configuration();
  if ((head[21] & 3) != kFourByteLengths) {
    return fail(ErrorKind::kInvalidArgument, "the stream's NAL units do not have lengths of 4 bytes");
  }
  const unsigned arrays = reader.u8();
  for (unsigned i = 0; i < arrays && reader.ok(); ++i) {
    reader.u8();
    read_sets(reader, reader.u16(), sets);
  }
  if (!reader.ok()) return bad_configuration();
  return sets;
}

}  // namespace

Result<CleanUnit> clean_access_unit(Codec codec, ByteView unit, const std::vector<Bytes>& parameter_sets) {
  CleanUnit clean;
  clean.data.reserve(unit.size());
  ByteReader reader(unit);
  while (reader.remaining() > 0) {
    const auto size = reader.u32();
    const auto nal = reader.bytes(size);
    if (!reader.ok()) return fail(ErrorKind::kCorrupted, "an access unit's NAL lengths do not fit its size");
    if (nal.empty()) continue;
    const auto role = role_of(codec, nal);
    const auto is_this = [nal](const Bytes& set) { return same(set, nal); };
    const bool known =
        role == Role::kParameterSet && std::any_of(parameter_sets.begin(), parameter_sets.end(), is_this);
    if (known || role == Role::kNoise) continue;
    clean.picture = clean.picture || role == Role::kPicture || role == Role::kSyncPicture;
    clean.sync = clean.sync || role == Role::kSyncPicture;
    put_u32(clean.data, size);
    put_bytes(clean.data, nal);
  }
  return clean;
}

Result<std::vector<Bytes>> parameter_sets_of(Codec codec, ByteView configuration) {
  const ByteReader reader(configuration);
  return codec == Codec::kH264 ? read_avc(reader) : read_hevc(reader);
}

}  // namespace shilu::live

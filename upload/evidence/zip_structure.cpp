#include "upload/evidence/zip_structure.h"

#include <algorithm>

namespace shilu::evidence {
namespace {

constexpr std::uint32_t kMax32 = 0xFFFF'FFFF;
constexpr std::uint16_t kMax16 = 0xFFFF;
constexpr std::uint16_t kUtf8Names = 0x0800;
constexpr std::uint16_t kDosDate1980 = 0x0021;
constexpr std::uint32_t kRegularFile0644 = 0x81A4'0000;

// Zip is little-endian, unlike everything of ours.
void le16(Bytes& out, std::uint64_t value) {
  for (int shift = 0; shift < 16; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}
void le32(Bytes& out, std::uint64_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}
void le64(Bytes& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint32_t capped32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kMax32));
}
std::uint16_t capped16(std::uint64_t value) {
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(value, kMax16));
}

bool is_large(std::uint64_t value) {
  return value >= kMax32;
}
std::uint16_t version_needed(bool zip64) {
  return zip64 ? 45 : 20;
}
// Upper byte 3: Unix. The lower is the specification that was followed, 3.0 (as Info-ZIP writes it) or 4.5.
std::uint16_t version_made_by(bool zip64) {
  return zip64 ? 0x032D : 0x031E;
}

// Zip64 extended information (4.5.3) holding just the given values; empty without any.
Bytes zip64_extra(std::initializer_list<std::uint64_t> values) {
  Bytes extra;
  if (values.size() == 0) return extra;
  le16(extra, 0x0001);
  le16(extra, 8 * values.size());
  for (const std::uint64_t value : values) le64(extra, value);
  return extra;
}

// The fields that local and central header share, from "version needed" to the sizes.
void common_fields(Bytes& out, const ZipEntry& entry, bool zip64) {
  le16(out, version_needed(zip64));
  le16(out, kUtf8Names);
  le16(out, 0);  // stored
  le16(out, 0);  // 00:00
  le16(out, kDosDate1980);
  le32(out, entry.crc32);
  le32(out, capped32(entry.size));
  le32(out, capped32(entry.size));
}

Bytes central_header(const ZipEntry& entry) {
  const bool large_size = is_large(entry.size);
  const bool large_offset = is_large(entry.header_offset);
  const Bytes extra = large_size && large_offset ? zip64_extra({entry.size, entry.size, entry.header_offset})
                      : large_size               ? zip64_extra({entry.size, entry.size})
                      : large_offset             ? zip64_extra({entry.header_offset})
                                                 : zip64_extra({});
  Bytes out;
  le32(out, 0x0201'4b50);
  le16(out, version_made_by(large_size || large_offset));
  common_fields(out, entry, large_size || large_offset);
  le16(out, entry.name.size());
  le16(out, extra.size());
  le16(out, 0);  // comment
  le16(out, 0);  // disk
  le16(out, 0);  // internal attributes
  le32(out, kRegularFile0644);
  le32(out, capped32(entry.header_offset));
  put_bytes(out, as_bytes(entry.name));
  put_bytes(out, extra);
  return out;
}

void zip64_end(Bytes& out, std::uint64_t count, std::uint64_t size, std::uint64_t offset) {
  le32(out, 0x0606'4b50);
  le64(out, 44);
  le16(out, version_made_by(true));
  le16(out, version_needed(true));
  le32(out, 0);
  le32(out, 0);
  le64(out, count);
  le64(out, count);
  le64(out, size);
  le64(out, offset);
  le32(out, 0x0706'4b50);  // locator
  le32(out, 0);
  le64(out, offset + size);
  le32(out, 1);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

bool is_zip_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxZipName) return false;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view segment = name.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!std::all_of(segment.begin(), segment.end(), is_name_character)) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::size_t local_header_size(std::size_t name_size, std::uint64_t size) {
  return 30 + name_size + (is_large(size) ? 20 : 0);
}

Bytes local_header(const ZipEntry& entry) {
  const bool zip64 = is_large(entry.size);
  const Bytes extra = zip64 ? zip64_extra({entry.size, entry.size}) : zip64_extra({});
  Bytes out;
  le32(out, 0x0403'4b50);
  common_fields(out, entry, zip64);
  le16(out, entry.name.size());
  le16(out, extra.size());
  put_bytes(out, as_bytes(entry.name));
  put_bytes(out, extra);
  return out;
}

Bytes directory(const std::vector<ZipEntry>& entries, std::uint64_t directory_offset) {
  Bytes out;
  for (const ZipEntry& entry : entries) put_bytes(out, central_header(entry));
  const std::uint64_t size = out.size();
  if (entries.size() >= kMax16 || is_large(size) || is_large(directory_offset)) {
    zip64_end(out, entries.size(), size, directory_offset);
  }
  le32(out, 0x0605'4b50);
  le16(out, 0);
  le16(out, 0);
  le16(out, capped16(entries.size()));
  le16(out, capped16(entries.size()));
  le32(out, capped32(size));
  le32(out, capped32(directory_offset));
  le16(out, 0);  // comment
  return out;
}

}  // namespace shilu::evidence

#pragma once
// The one zip structure that a package may have (docs/ref/package.md, "Zip"). Everything but the files' bytes
// is a function of their names, sizes and CRCs, so that a reader can rebuild it and compare every byte.
// Format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.

#include <cstdint>
#include <string>
#include <vector>

#include "firmware/base/bytes.h"

namespace shilu::evidence {

inline constexpr std::size_t kMaxZipEntries = 1000;
inline constexpr std::size_t kMaxZipName = 200;

struct ZipEntry {
  std::string name;  // with the bag's name in front: "evidence-0123456789abcdef/bagit.txt"
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t header_offset = 0;  // of the local header
  std::uint64_t data_offset = 0;
};

// "[A-Za-z0-9._-]" segments joined by "/", none of them "." or "..".
bool is_zip_name(std::string_view name);

Bytes local_header(const ZipEntry& entry);
// The size of local_header without its CRC being known yet.
std::size_t local_header_size(std::size_t name_size, std::uint64_t size);
// Central directory and end records of a file whose entries take `directory_offset` bytes.
Bytes directory(const std::vector<ZipEntry>& entries, std::uint64_t directory_offset);

}  // namespace shilu::evidence

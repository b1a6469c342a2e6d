#pragma once
// The files of a package by their names inside the bag, once the zip was found canonical. Inside this module
// only.

#include <map>
#include <string>
#include <vector>

#include "upload/evidence/zip_reader.h"

namespace shilu::evidence {

struct PackageIndex {
  std::string name;               // of the bag
  std::vector<ZipEntry> entries;  // in the order of the file; names without the bag's
  std::map<std::string, std::size_t, std::less<>> by_name;  // -> place in entries

  const ZipEntry* find(std::string_view entry) const;
};

// kCorrupted: not the canonical zip, or not the files of a package in their order.
Result<PackageIndex> read_package_index(File& file);

// A small file of the package, whole; its CRC was right. kNotFound, kCorrupted (also: larger than `limit`).
Result<Bytes> read_small(File& file, const PackageIndex& index, std::string_view entry, std::uint64_t limit);

}  // namespace shilu::evidence

#pragma once
// Everything that reading a package once gives: its files, their hashes, and the fragments inside its clips.
// Inside this module only.

#include <map>
#include <string>
#include <vector>

#include "upload/evidence/bag_check.h"
#include "upload/evidence/clip_check.h"
#include "upload/evidence/hash_pass.h"
#include "upload/evidence/package_index.h"

namespace shilu::evidence {

// A clip's file: its fragments, or why it is none.
struct ScannedClip {
  ZipEntry entry;
  Result<ClipMedia> media;
};

struct PackageScan {
  PackageIndex index;
  Digest sha256{};
  std::uint64_t size = 0;
  FoundFiles found;
  std::vector<std::string> crc_problems;
  std::map<std::string, ScannedClip, std::less<>> clips;  // by file name
};

// Reads every byte once (and the small tables of the clips a second time). `file` must outlive the scan. An
// error is of reading, never of what was read.
Result<PackageScan> scan_package(File& file, PackageIndex index, WholeDigest whole);

}  // namespace shilu::evidence

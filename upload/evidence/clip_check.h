#pragma once
// Is a clip file an unbroken, unedited piece of the recording? docs/ref/package.md, "A verifier then checks".

#include <span>
#include <string>
#include <vector>

#include "capture/bmff/movie.h"
#include "upload/evidence/proven_records.h"

namespace shilu::evidence {

// What of a clip file is known after it was hashed.
struct ClipMedia {
  bmff::ReadAt read;  // of the clip file
  std::uint64_t header_size = 0;
  struct Fragment {
    std::uint64_t offset = 0;  // in the clip file
    std::uint64_t size = 0;
    Digest sha256{};
  };
  std::vector<Fragment> fragments;  // as they stand in the file
};

// One file of a source: a stretch of the clip with one set of codec parameters.
struct ClipPart {
  TimeRange range;
  const ClipMedia* media = nullptr;  // borrowed
};

// `parts`: of one source, tiling the clip. -> the gaps that the recording declares inside, for people; empty:
// it is whole. kCorrupted: it is not what was recorded in these ranges, and why.
Result<std::vector<std::string>> check_clip(const ProvenRecords& proven, std::string_view source,
                                            std::span<const ClipPart> parts);

}  // namespace shilu::evidence

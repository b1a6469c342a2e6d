#pragma once
// Is a clip file an unbroken, unedited piece of the recording? docs/ref/package.md, "A verifier then checks".

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

// -> the gaps that the recording declares inside the clip, for people; empty: it is whole. kCorrupted: it is
// not what was recorded from range.from to range.to, and why.
Result<std::vector<std::string>> check_clip(const ProvenRecords& proven, std::string_view source,
                                            TimeRange range, const ClipMedia& media);

}  // namespace shilu::evidence

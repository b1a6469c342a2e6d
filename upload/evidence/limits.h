#pragma once
// How large the small files of a package may be before a reader refuses to hold them in memory. Inside this
// module only.

#include <cstdint>

namespace shilu::evidence {

inline constexpr std::uint64_t kMaxSmallFile = 64u << 10;  // bag-info.txt, seal.json, identity.box ...
inline constexpr std::uint64_t kMaxManifest = 1u << 20;    // 1,000 lines
inline constexpr std::uint64_t kMaxJson = 4u << 20;        // evidence.json, a clip's proof
inline constexpr std::uint64_t kMaxNotesFile = 32u << 20;  // annotations.h: 1,000 notes, each byte escaped
inline constexpr std::uint64_t kMaxLessonJson = 1u << 20;
// Of all clips of a package together: eight hours of four tracks three times over. Bounds what hostile clips
// make us remember.
inline constexpr std::uint64_t kMaxFragments = 400'000;
// Of one clip: eight hours of 25 pictures a second with their sound, and the tables in front of them.
inline constexpr std::uint64_t kMaxClipSamples = 2'500'000;
inline constexpr std::uint64_t kMaxClipTables = 32u << 20;

}  // namespace shilu::evidence

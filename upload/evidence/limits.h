#pragma once
// How large the small files of a package may be before a reader refuses to hold them in memory. Inside this
// module only.

#include <cstdint>

namespace shilu::evidence {

inline constexpr std::uint64_t kMaxSmallFile = 64u << 10;  // bag-info.txt, seal.json, identity.box ...
inline constexpr std::uint64_t kMaxManifest = 1u << 20;    // 1,000 lines
inline constexpr std::uint64_t kMaxJson = 4u << 20;        // evidence.json, a clip's proof
inline constexpr std::uint64_t kMaxLessonJson = 1u << 20;
// 8 h of 1 s sound and 1 s picture fragments; bounds what a hostile clip makes us remember.
inline constexpr std::uint64_t kMaxClipFragments = 200'000;

}  // namespace shilu::evidence

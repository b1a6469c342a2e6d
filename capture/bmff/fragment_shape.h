#pragma once
// The numbers that fragment_writer and fragment_reader must agree on. Inside this module only.

#include <cstddef>
#include <cstdint>

namespace shilu::bmff {

inline constexpr std::uint32_t kTfhdFlags = 0x020000;  // default-base-is-moof
inline constexpr std::uint32_t kTrunAudio = 0x000701;  // data-offset, duration, size, flags
inline constexpr std::uint32_t kTrunVideo = 0x000f01;  // and composition offset
inline constexpr std::uint32_t kSyncSample = 0x02000000;
inline constexpr std::uint32_t kDependentSample = 0x01010000;

inline constexpr std::size_t kTrunFields = 20;         // of trun before its entries, header included
inline constexpr std::size_t kMoofBeforeEntries = 88;  // moof, mfhd, traf, tfhd, tfdt and kTrunFields
inline constexpr std::size_t entry_size(bool video) {
  return video ? 16 : 12;
}

}  // namespace shilu::bmff

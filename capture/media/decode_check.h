#pragma once
// Decodes a file from end to end and reports the first thing that is wrong: what a player would stumble over.

#include <filesystem>
#include <optional>
#include <string>

#include "capture/media/media_limits.h"
#include "firmware/base/result.h"
#include "firmware/lesson/track.h"

namespace shilu::media {

struct DecodeFault {
  MediaKind kind = MediaKind::kVideo;
  std::optional<Nanoseconds> at;  // presentation time, where it is known
  std::string what;               // a sentence
};

struct DecodeReport {
  std::uint64_t pictures = 0;       // that came out of the decoder
  std::uint64_t sound_samples = 0;  // per channel
  std::optional<DecodeFault> first_fault;
};

// A damaged file is a report, not an error; errors are those of probe(). Decoding goes on behind a fault, so
// that the counts are of the whole file. Faults: a packet that does not decode, a picture with a damaged
// part, decode times that do not rise, a container that ends in the middle.
Result<DecodeReport> decode_all(const std::filesystem::path& file, const MediaLimits& limits = {});

}  // namespace shilu::media

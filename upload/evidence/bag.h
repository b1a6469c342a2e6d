#pragma once
// BagIt 1.0 (RFC 8493) as our packages use it: SHA-256 manifests, LF line ends, names sorted as bytes, two
// spaces between digest and name (what sha256sum reads).

#include <map>
#include <string>

#include "firmware/base/digest.h"

namespace shilu::evidence {

// Name inside the bag -> SHA-256. std::map keeps names sorted as bytes.
using Manifest = std::map<std::string, Digest, std::less<>>;

inline constexpr std::string_view kBagitTxt = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
inline constexpr std::string_view kBagProfile = "https://shilu.example/bagit-profile-1.json";

std::string manifest_text(const Manifest& manifest);
// Exactly the text that manifest_text writes, anything else is kCorrupted.
Result<Manifest> parse_manifest(std::string_view text);

struct BagInfo {
  std::string lesson_id;
  std::string software;
  std::uint64_t payload_bytes = 0;
  std::uint64_t payload_files = 0;
};
std::string bag_info_text(const BagInfo& info);

// "evidence-" + the first 16 hex digits of the digest of manifest-sha256.txt.
std::string bag_name(std::string_view manifest_text);

}  // namespace shilu::evidence

#include "upload/evidence/bag.h"

#include <fmt/format.h>

namespace shilu::evidence {

std::string manifest_text(const Manifest& manifest) {
  std::string text;
  for (const auto& [name, digest] : manifest) text += to_hex(digest) + "  " + name + "\n";
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  constexpr std::size_t kDigestSize = 64;
  Manifest manifest;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (end == std::string_view::npos || line.size() < kDigestSize + 3) {
      return fail(ErrorKind::kCorrupted, fmt::format("\"{}\" is not a line of a manifest", line));
    }
    const auto digest = digest_from_hex(line.substr(0, kDigestSize));
    if (!digest) return fail(ErrorKind::kCorrupted, digest.error().message);
    manifest.emplace(line.substr(kDigestSize + 2), *digest);
    rest.remove_prefix(end + 1);
  }
  // Order, spacing and repetition are right if writing it again gives the same bytes.
  if (manifest_text(manifest) != text)
    return fail(ErrorKind::kCorrupted, "the manifest is not of the canonical form");
  return manifest;
}

std::string bag_info_text(const BagInfo& info) {
  return fmt::format(
      "BagIt-Profile-Identifier: {}\nBag-Software-Agent: {}\nExternal-Identifier: {}\nPayload-Oxum: {}.{}\n",
      kBagProfile, info.software, info.lesson_id, info.payload_bytes, info.payload_files);
}

std::string bag_name(std::string_view manifest_text) {
  return "evidence-" + to_hex(sha256(manifest_text)).substr(0, 16);
}

}  // namespace shilu::evidence

#include "upload/platform/tus_metadata.h"

#include "firmware/base/bytes.h"

namespace shilu::platform {

Result<std::map<std::string, std::string>> parse_metadata(std::string_view header) {
  constexpr std::size_t kMaxHeader = 4096;
  constexpr std::size_t kMaxKeys = 32;
  std::map<std::string, std::string> metadata;
  if (header.size() > kMaxHeader)
    return fail(ErrorKind::kInvalidArgument, "Upload-Metadata is longer than 4 KiB.");
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    std::string_view pair = header.substr(0, comma);
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t space = pair.find(' ');
    const std::string_view key = pair.substr(0, space);
    const auto value = from_base64(space == std::string_view::npos ? "" : pair.substr(space + 1));
    if (key.empty() || !value || metadata.size() == kMaxKeys) {
      return fail(ErrorKind::kInvalidArgument,
                  "Upload-Metadata must be pairs of a key and a value in base64, separated by commas.");
    }
    if (!metadata.emplace(key, as_text(*value)).second)
      return fail(ErrorKind::kInvalidArgument, "Upload-Metadata names a key twice.");
  }
  return metadata;
}

}  // namespace shilu::platform

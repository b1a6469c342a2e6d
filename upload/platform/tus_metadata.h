#pragma once
// tus 1.0.0 Upload-Metadata: "key base64,key2 base64". Values are kept as they came; only package_sha256
// means something here.

#include <map>
#include <string>
#include <string_view>

#include "firmware/base/result.h"

namespace shilu::platform {

Result<std::map<std::string, std::string>> parse_metadata(std::string_view header);  // at most 4 KiB, 32 keys

}  // namespace shilu::platform

#pragma once
// What a device says before it sends a package. A value.

#include <string>
#include <vector>

#include "config/catalogue.h"
#include "firmware/base/digest.h"
#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::platform {

struct Offer {
  std::string package_sha256;
  std::int64_t size_bytes = 0;
  std::vector<Digest> blocks;  // of 8 MiB, the last of what is left
  std::string programme, point;
  bool takes_parts = false;  // the device can put blocks at URLs of their own

  // kInvalidArgument says what is wrong; the block hashes must be as many as the size asks for.
  static Result<Offer> from_json(const Json& json);
};

}  // namespace shilu::platform

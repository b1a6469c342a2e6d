#pragma once
// What a device says before it sends a package. A value.

#include <string>

#include "config/catalogue.h"
#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::platform {

struct Offer {
  std::string package_sha256;
  std::int64_t size_bytes = 0;
  std::string programme, point;

  // kInvalidArgument says what is wrong; the block hashes must be as many as the size asks for.
  static Result<Offer> from_json(const Json& json);
};

}  // namespace shilu::platform

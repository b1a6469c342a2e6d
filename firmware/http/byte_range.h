#pragma once
// Byte ranges and the conditions on them: RFC 9110 sections 13 and 14. Thread-safe (no state).

#include <cstdint>
#include <string>
#include <string_view>

#include "firmware/http/request.h"

namespace shilu::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

enum class Selection { kWhole, kRange, kUnsatisfiable, kNotModified, kPreconditionFailed };

struct Selected {
  Selection selection = Selection::kWhole;
  ByteRange range;  // kRange; kWhole: everything
};

// What a GET or HEAD of a representation of `size` bytes is answered with. A malformed Range, several ranges
// and one whose If-Range does not hold count as none.
Selected select_bytes(const Request& request, std::uint64_t size, std::string_view etag);

std::string content_range(ByteRange range, std::uint64_t size);  // "bytes 0-9/100"
std::string unsatisfied_content_range(std::uint64_t size);       // "bytes */100"

}  // namespace shilu::http

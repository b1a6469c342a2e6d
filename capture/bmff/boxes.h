#pragma once
// The smallest tools for ISO/IEC 14496-12 boxes: writing with sizes filled in afterwards, and reading that
// never goes outside what is there. Inside this module only.

#include <string_view>
#include <utility>

#include "firmware/base/bytes.h"
#include "firmware/base/result.h"

namespace shilu::bmff {

inline constexpr std::size_t kBoxHeaderSize = 8;

void put_type(Bytes& out, std::string_view four_letters);
void put_zeros(Bytes& out, std::size_t count);
void set_u32(Bytes& out, std::size_t position, std::uint32_t value);

// Writes a box with a 32-bit size; `body` appends its content to `out`.
template <typename Body>
void put_box(Bytes& out, std::string_view type, Body&& body) {
  const auto start = out.size();
  put_u32(out, 0);
  put_type(out, type);
  std::forward<Body>(body)();
  set_u32(out, start, static_cast<std::uint32_t>(out.size() - start));
}

// The same with version and flags in front.
template <typename Body>
void put_full_box(Bytes& out, std::string_view type, std::uint8_t version, std::uint32_t flags, Body&& body) {
  put_box(out, type, [&] {
    put_u32(out, static_cast<std::uint32_t>(version) << 24 | flags);
    std::forward<Body>(body)();
  });
}

struct BoxView {
  std::string_view type;
  ByteView body;
  std::size_t size = 0;  // header included
};

tl::unexpected<Error> corrupted(std::string message);

// Takes the box at the front of `rest` off it. kCorrupted unless it has a plain 32-bit size and is wholly
// there.
Result<BoxView> take_box(ByteView& rest);
// The same, and it must be of this type.
Result<ByteView> take_box(ByteView& rest, std::string_view type);
// The body of the first child of this type.
Result<ByteView> find_box(ByteView parent, std::string_view type);

}  // namespace shilu::bmff

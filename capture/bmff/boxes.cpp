#include "capture/bmff/boxes.h"

#include <fmt/format.h>

namespace shilu::bmff {
namespace {

// A type from outside may hold anything: only what prints is shown.
std::string printable(std::string_view type) {
  std::string text(type);
  for (auto& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace

void put_type(Bytes& out, std::string_view four_letters) {
  put_bytes(out, as_bytes(four_letters));
}

void put_zeros(Bytes& out, std::size_t count) {
  out.insert(out.end(), count, std::uint8_t{0});
}

void set_u32(Bytes& out, std::size_t position, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[position + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

tl::unexpected<Error> corrupted(std::string message) {
  return fail(ErrorKind::kCorrupted, std::move(message));
}

Result<BoxView> take_box(ByteView& rest) {
  ByteReader reader(rest);
  const std::size_t size = reader.u32();
  const auto type = as_text(reader.bytes(4));
  if (!reader.ok()) return corrupted("the bytes end inside a box header");
  if (size < kBoxHeaderSize || size > rest.size()) {
    return corrupted(
        fmt::format("the box \"{}\" claims {} bytes where {} are left", printable(type), size, rest.size()));
  }
  const BoxView box{type, rest.first(size).subspan(kBoxHeaderSize), size};
  rest = rest.subspan(size);
  return box;
}

Result<ByteView> take_box(ByteView& rest, std::string_view type) {
  SHILU_TRY(const auto box, take_box(rest));
  if (box.type != type) {
    return corrupted(fmt::format("a box \"{}\" stands where \"{}\" belongs", printable(box.type), type));
  }
  return box.body;
}

Result<ByteView> find_box(ByteView parent, std::string_view type) {
  while (!parent.empty()) {
    SHILU_TRY(const auto box, take_box(parent));
    if (box.type == type) return box.body;
  }
  return corrupted(fmt::format("there is no box \"{}\"", type));
}

}  // namespace shilu::bmff

#pragma once
// Byte strings, and the two ways we write them as text. Thread-safe (no state).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/base/result.h"

namespace shilu {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);
Bytes to_bytes(std::string_view text);

std::string to_hex(ByteView bytes);  // lower case
Result<Bytes> from_hex(std::string_view text);

// RFC 4648 section 4, with padding. Decoding is strict: no white space, canonical padding only.
std::string to_base64(ByteView bytes);
Result<Bytes> from_base64(std::string_view text);

// Big-endian numbers, as every binary format of ours and ISO-BMFF write them.
void put_u8(Bytes& out, std::uint8_t value);
void put_u16(Bytes& out, std::uint16_t value);
void put_u32(Bytes& out, std::uint32_t value);
void put_u64(Bytes& out, std::uint64_t value);
void put_bytes(Bytes& out, ByteView bytes);

// Reads big-endian numbers from the front of a view. After a read past the end ok() is false for good and
// every read gives zero: read all, then ask once.
class ByteReader {
 public:
  explicit ByteReader(ByteView view) : rest_(view) {}
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  ByteView bytes(std::size_t count);
  std::size_t remaining() const { return rest_.size(); }
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace shilu

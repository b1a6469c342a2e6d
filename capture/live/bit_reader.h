#pragma once
// Reads the bits of one NAL unit: without its emulation prevention bytes, numbers as ITU-T H.264 section 9.1
// codes them. After a read past the end ok() is false for good and every read gives zero.

#include <cstdint>

#include "firmware/base/bytes.h"

namespace shilu::live {

class BitReader {
 public:
  explicit BitReader(ByteView nal);
  std::uint32_t bits(unsigned count);  // up to 32
  bool flag() { return bits(1) != 0; }
  std::uint32_t ue();
  std::int32_t se();
  void skip(unsigned count);
  bool ok() const { return ok_; }

 private:
  Bytes payload_;
  std::size_t position_ = 0;  // in bits
  bool ok_ = true;
};

}  // namespace shilu::live

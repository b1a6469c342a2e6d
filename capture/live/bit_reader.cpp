#include "capture/live/bit_reader.h"

namespace shilu::live {

BitReader::BitReader(ByteView nal) {
  payload_.reserve(nal.size());
  unsigned zeros = 0;
  for (const auto byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    payload_.push_back(byte);
  }
}

std::uint32_t BitReader::bits(unsigned count) {
  if (!ok_ || count > payload_.size() * 8 - position_) {
    ok_ = false;
    return 0;
  }
  std::uint64_t value = 0;
  for (; count > 0; --count, ++position_) {
    value = value << 1 | (payload_[position_ / 8] >> (7 - position_ % 8) & 1u);
  }
  return static_cast<std::uint32_t>(value);
}

std::uint32_t BitReader::ue() {
  unsigned zeros = 0;
  while (ok_ && !flag()) ++zeros;
  if (zeros > 31) ok_ = false;  // beyond what any field of the standards may hold
  return ok_ ? (1u << zeros) - 1 + bits(zeros) : 0;
}

std::int32_t BitReader::se() {
  const auto code = ue();
  const auto magnitude = static_cast<std::int32_t>(code / 2 + code % 2);
  return code % 2 == 1 ? magnitude : -magnitude;
}

void BitReader::skip(unsigned count) {
  if (count > payload_.size() * 8 - position_) {
    ok_ = false;
  } else {
    position_ += count;
  }
}

}  // namespace shilu::live

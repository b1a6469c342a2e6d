#pragma once
// MD5 (RFC 1321), for protocols that ask for it (Content-MD5 and the ETags of S3). It proves nothing against
// an attacker.

#include <array>
#include <cstdint>
#include <memory>

#include "firmware/base/bytes.h"

namespace shilu {

using Md5 = std::array<std::uint8_t, 16>;

Md5 md5(ByteView bytes);  // thread-safe

// Incremental MD5. Thread-bound.
class Md5Hash {
 public:
  Md5Hash();
  ~Md5Hash();
  void update(ByteView bytes);
  Md5 finish();  // once; then the object is spent

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shilu

#pragma once
// SHA-256 (FIPS 180-4) and CRC-32 (the one of zlib, PNG and zip).

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "firmware/base/bytes.h"

namespace shilu {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256

std::string to_hex(const Digest& digest);
Result<Digest> digest_from_hex(std::string_view text);  // exactly 64 lower-case hex digits

Digest sha256(ByteView bytes);
Digest sha256(std::string_view text);

// Incremental SHA-256. Movable, thread-bound.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(ByteView bytes);
  Digest finish();  // once; then the object is spent

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Digest of a whole file, read in blocks of 1 MiB.
Result<Digest> sha256_file(const std::filesystem::path& path);

// CRC-32 of `bytes` appended to what gave `seed` (0 at the start).
std::uint32_t crc32(ByteView bytes, std::uint32_t seed = 0);

// HMAC-SHA-256 (RFC 2104).
Digest hmac_sha256(ByteView key, ByteView message);

Bytes random_bytes(std::size_t count);  // from the kernel

}  // namespace shilu

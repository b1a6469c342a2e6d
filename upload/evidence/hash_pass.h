#pragma once
// Hashes a file in one pass: the whole, and any number of pieces of it, each on a thread of its own, all fed
// by one reader. Each SHA-256 over all bytes costs as much as `openssl dgst`, so what nobody asks for is left
// out. Memory: a few blocks of 1 MiB.

#include <span>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"

namespace shilu::evidence {

struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct PieceHash {
  Digest sha256{};
  std::uint32_t crc32 = 0;
};

enum class WholeDigest { kCompute, kLeaveOut };

struct HashedFile {
  Digest sha256{};  // zeros if it was left out
  std::uint64_t size = 0;
  std::vector<PieceHash> entries;  // parallel to what was asked for
  std::vector<Digest> fragments;   // parallel
};

// `entries` (SHA-256 and CRC-32) and `fragments` (SHA-256) are each sorted and do not overlap among
// themselves. kCorrupted: a piece reaches beyond the end of the file.
Result<HashedFile> hash_file(File& file, std::span<const Piece> entries, std::span<const Piece> fragments,
                             WholeDigest whole = WholeDigest::kCompute);

}  // namespace shilu::evidence

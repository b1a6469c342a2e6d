#pragma once
// RFC 6962 section 2.1: Merkle tree over leaves, with SHA-256. Values; no I/O.

#include <span>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/result.h"

namespace shilu::journal {

Digest leaf_hash(ByteView leaf);
Digest node_hash(const Digest& left, const Digest& right);

// An append-only tree kept as the roots of its perfect subtrees, from the largest: O(log n) memory. This
// "frontier" of the first n leaves plus the leaves after them gives every later root: that is our range
// proof.
class Frontier {
 public:
  Frontier() = default;
  // The frontier of the first `size` leaves as read from a proof: one hash per set bit of `size`, largest
  // first.
  static Result<Frontier> from_hashes(std::uint64_t size, std::vector<Digest> hashes);
  void append(const Digest& leaf_hash);
  std::uint64_t size() const { return size_; }
  const std::vector<Digest>& hashes() const { return hashes_; }
  Digest root() const;  // SHA-256 of nothing for an empty tree

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

// Audit path of leaf `index` in the tree over `leaves` (leaf hashes); RFC 6962 2.1.1.
std::vector<Digest> inclusion_path(std::uint64_t index, std::span<const Digest> leaves);
bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                      std::span<const Digest> path,
                      const Digest& root);  // RFC 9162 2.1.3.2
// Consistency proof between the trees of the first m and of all leaves; RFC 6962 2.1.2.
std::vector<Digest> consistency_path(std::uint64_t m, std::span<const Digest> leaves);
bool verify_consistency(std::uint64_t m, std::uint64_t n, const Digest& root_m, const Digest& root_n,
                        std::span<const Digest> path);  // RFC 9162 2.1.4.2

}  // namespace shilu::journal

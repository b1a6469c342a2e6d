#include "capture/journal/merkle.h"

#include <fmt/format.h>

#include <bit>

namespace shilu::journal {
namespace {

Digest hash_of(std::uint8_t prefix, ByteView first, ByteView second = {}) {
  Sha256 hash;
  hash.update({&prefix, 1});
  hash.update(first);
  hash.update(second);
  return hash.finish();
}

// Largest power of two smaller than n (n >= 2): where RFC 6962 splits a tree.
std::uint64_t split_point(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

Digest tree_root(std::span<const Digest> leaves) {
  Frontier frontier;
  for (const auto& leaf : leaves) frontier.append(leaf);
  return frontier.root();
}

// SUBPROOF of RFC 6962 2.1.2: `complete` while the subtree is one that the old root's holder knows by itself.
void add_subproof(std::uint64_t m, std::span<const Digest> leaves, bool complete, std::vector<Digest>& path) {
  if (m == leaves.size()) {
    if (!complete) path.push_back(tree_root(leaves));
    return;
  }
  const auto k = split_point(leaves.size());
  if (m <= k) {
    add_subproof(m, leaves.first(k), complete, path);
    path.push_back(tree_root(leaves.subspan(k)));
  } else {
    add_subproof(m - k, leaves.subspan(k), false, path);
    path.push_back(tree_root(leaves.first(k)));
  }
}

bool is_odd(std::uint64_t n) {
  return (n & 1u) != 0;
}

// Up to the next level at which this node is a right child, or the left edge: RFC 9162's "until LSB(fn) is
// set or fn is 0".
void climb(std::uint64_t& fn, std::uint64_t& sn) {
  while (fn != 0 && !is_odd(fn)) {
    fn >>= 1;
    sn >>= 1;
  }
}

}  // namespace

Digest leaf_hash(ByteView leaf) {
  return hash_of(0, leaf);
}
Digest node_hash(const Digest& left, const Digest& right) {
  return hash_of(1, left, right);
}

Result<Frontier> Frontier::from_hashes(std::uint64_t size, std::vector<Digest> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{} hashes are not the frontier of {} leaves", hashes.size(), size));
  }
  Frontier frontier;
  frontier.size_ = size;
  frontier.hashes_ = std::move(hashes);
  return frontier;
}

void Frontier::append(const Digest& leaf_hash) {
  // Every trailing set bit of the size is a perfect subtree that the new one completes: a carry of binary
  // addition.
  auto carry = leaf_hash;
  for (auto rest = size_; is_odd(rest); rest >>= 1) {
    carry = node_hash(hashes_.back(), carry);
    hashes_.pop_back();
  }
  hashes_.push_back(carry);
  ++size_;
}

Digest Frontier::root() const {
  if (hashes_.empty()) return sha256(ByteView());
  auto root = hashes_.back();
  for (auto left = hashes_.rbegin() + 1; left != hashes_.rend(); ++left) root = node_hash(*left, root);
  return root;
}

std::vector<Digest> inclusion_path(std::uint64_t index, std::span<const Digest> leaves) {
  std::vector<Digest> path;
  if (index >= leaves.size()) return path;
  // From the root down, then turned round: the path is told from the leaf up.
  while (leaves.size() > 1) {
    const auto k = split_point(leaves.size());
    const bool left = index < k;
    path.push_back(tree_root(left ? leaves.subspan(k) : leaves.first(k)));
    leaves = left ? leaves.first(k) : leaves.subspan(k);
    if (!left) index -= k;
  }
  return {path.rbegin(), path.rend()};
}

bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                      std::span<const Digest> path, const Digest& root) {
  if (index >= tree_size) return false;
  auto fn = index;
  auto sn = tree_size - 1;
  auto hash = leaf;
  for (const auto& sibling : path) {
    if (sn == 0) return false;
    if (is_odd(fn) || fn == sn) {
      hash = node_hash(sibling, hash);
      if (!is_odd(fn)) climb(fn, sn);
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash == root;
}

std::vector<Digest> consistency_path(std::uint64_t m, std::span<const Digest> leaves) {
  std::vector<Digest> path;
  if (m > 0 && m < leaves.size()) add_subproof(m, leaves, true, path);
  return path;
}

bool verify_consistency(std::uint64_t m, std::uint64_t n, const Digest& root_m, const Digest& root_n,
                        std::span<const Digest> path) {
  if (m > n) return false;
  if (m == n) return path.empty() && root_m == root_n;
  // Every tree extends the empty one; there is nothing to show.
  if (m == 0) return path.empty() && root_m == sha256(ByteView());
  if (path.empty()) return false;
  const bool whole = std::has_single_bit(m);  // then the old root itself is the first node
  auto rest = whole ? path : path.subspan(1);
  auto old_hash = whole ? root_m : path.front();
  auto new_hash = old_hash;
  auto fn = m - 1;
  auto sn = n - 1;
  while (is_odd(fn)) {
    fn >>= 1;
    sn >>= 1;
  }
  for (const auto& node : rest) {
    if (sn == 0) return false;
    if (is_odd(fn) || fn == sn) {
      old_hash = node_hash(node, old_hash);
      new_hash = node_hash(node, new_hash);
      if (!is_odd(fn)) climb(fn, sn);
    } else {
      new_hash = node_hash(new_hash, node);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && old_hash == root_m && new_hash == root_n;
}

}  // namespace shilu::journal

#include "capture/journal/merkle.h"

#include <catch2/catch.hpp>

namespace shilu::journal {
namespace {

// The reference leaves of certificate-transparency (merkletree/testdata; RFC 6962's own implementation), and
// the roots of the trees over the first n of them.
const std::vector<std::string> kLeaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRoots{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest> reference_leaves() {
  std::vector<Digest> leaves;
  for (const auto& text : kLeaves) leaves.push_back(leaf_hash(from_hex(text).value()));
  return leaves;
}

std::vector<Digest> numbered_leaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(as_bytes("leaf " + std::to_string(i))));
  return leaves;
}

// MTH of RFC 6962 2.1, as it is written there.
Digest tree_hash(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256(ByteView());
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return node_hash(tree_hash(leaves.first(k)), tree_hash(leaves.subspan(k)));
}

Digest root_of(std::span<const Digest> leaves) {
  Frontier frontier;
  for (const auto& leaf : leaves) frontier.append(leaf);
  return frontier.root();
}

TEST_CASE("the empty tree's root is the hash of nothing") {
  CHECK(to_hex(Frontier().root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("roots are those of certificate transparency") {
  const auto leaves = reference_leaves();
  Frontier frontier;
  for (std::size_t n = 0; n < leaves.size(); ++n) {
    frontier.append(leaves[n]);
    CHECK(to_hex(frontier.root()) == kRoots[n]);
    CHECK(frontier.size() == n + 1);
  }
}

// PATH(m, D[n]) as the reference implementation's tests list them.
TEST_CASE("audit paths are those of certificate transparency") {
  const auto leaves = reference_leaves();
  const auto path = [&](std::uint64_t index, std::size_t size) {
    std::vector<std::string> text;
    for (const auto& node : inclusion_path(index, std::span(leaves).first(size)))
      text.push_back(to_hex(node));
    return text;
  };
  CHECK(path(0, 1).empty());
  CHECK(path(0, 8) ==
        std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(path(5, 8) ==
        std::vector<std::string>{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
  CHECK(path(2, 3) ==
        std::vector<std::string>{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"});
}

// PROOF(m, D[n]) likewise.
TEST_CASE("consistency proofs are those of certificate transparency") {
  const auto leaves = reference_leaves();
  const auto proof = [&](std::uint64_t m, std::size_t n) {
    std::vector<std::string> text;
    for (const auto& node : consistency_path(m, std::span(leaves).first(n))) text.push_back(to_hex(node));
    return text;
  };
  CHECK(proof(1, 1).empty());
  CHECK(proof(1, 8) ==
        std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(proof(6, 8) ==
        std::vector<std::string>{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
  CHECK(proof(2, 5) ==
        std::vector<std::string>{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"});
}

TEST_CASE("the frontier gives the root of the definition for every size") {
  const auto leaves = numbered_leaves(70);
  for (std::size_t n = 0; n <= leaves.size(); ++n) {
    REQUIRE(root_of(std::span(leaves).first(n)) == tree_hash(std::span(leaves).first(n)));
  }
}

TEST_CASE("a frontier read back goes on as if it had seen all leaves") {
  const auto leaves = numbered_leaves(70);
  for (std::size_t n = 0; n <= leaves.size(); ++n) {
    Frontier whole;
    for (std::size_t i = 0; i < n; ++i) whole.append(leaves[i]);
    auto resumed = Frontier::from_hashes(n, whole.hashes());
    REQUIRE(resumed);
    for (std::size_t i = n; i < leaves.size(); ++i) resumed->append(leaves[i]);
    REQUIRE(resumed->root() == tree_hash(leaves));
    auto hashes = whole.hashes();
    hashes.push_back(leaves[0]);
    REQUIRE_FALSE(Frontier::from_hashes(n, hashes));
  }
}

TEST_CASE("every inclusion path verifies, and no other") {
  const auto leaves = numbered_leaves(70);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const auto tree = std::span(leaves).first(n);
    const auto root = tree_hash(tree);
    for (std::size_t i = 0; i < n; ++i) {
      auto path = inclusion_path(i, tree);
      REQUIRE(verify_inclusion(leaves[i], i, n, path, root));
      REQUIRE_FALSE(verify_inclusion(leaves[i], i + n, n, path, root));
      if (n > 1) REQUIRE_FALSE(verify_inclusion(leaves[i], (i + 1) % n, n, path, root));
      REQUIRE_FALSE(verify_inclusion(leaves[(i + 1) % 70], i, n, path, root));
      REQUIRE_FALSE(verify_inclusion(leaves[i], i, n, path, leaves[i] == root ? leaves[69] : leaves[i]));
      for (auto& node : path) {
        node[7] ^= 1;
        REQUIRE_FALSE(verify_inclusion(leaves[i], i, n, path, root));
        node[7] ^= 1;
      }
      path.push_back(leaves[0]);
      REQUIRE_FALSE(verify_inclusion(leaves[i], i, n, path, root));
      path.pop_back();
      if (path.empty()) continue;
      path.pop_back();
      REQUIRE_FALSE(verify_inclusion(leaves[i], i, n, path, root));
    }
    REQUIRE(inclusion_path(n, tree).empty());
  }
  CHECK_FALSE(verify_inclusion(leaves[0], 0, 0, {}, leaves[0]));
}

TEST_CASE("every consistency path verifies, and no other") {
  const auto leaves = numbered_leaves(70);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const auto tree = std::span(leaves).first(n);
    const auto new_root = tree_hash(tree);
    for (std::size_t m = 0; m <= n; ++m) {
      const auto old_root = tree_hash(tree.first(m));
      auto path = consistency_path(m, tree);
      REQUIRE(verify_consistency(m, n, old_root, new_root, path));
      REQUIRE_FALSE(verify_consistency(n + 1, n, old_root, new_root, path));
      auto other = old_root;
      other[0] ^= 1;
      REQUIRE_FALSE(verify_consistency(m, n, other, new_root, path));
      if (m > 0) {
        other = new_root;
        other[0] ^= 1;
        REQUIRE_FALSE(verify_consistency(m, n, old_root, other, path));
      }
      for (auto& node : path) {
        node[31] ^= 128;
        REQUIRE_FALSE(verify_consistency(m, n, old_root, new_root, path));
        node[31] ^= 128;
      }
      path.push_back(leaves[0]);
      REQUIRE_FALSE(verify_consistency(m, n, old_root, new_root, path));
      path.pop_back();
      if (path.empty()) continue;
      path.pop_back();
      REQUIRE_FALSE(verify_consistency(m, n, old_root, new_root, path));
    }
  }
}

}  // namespace
}  // namespace shilu::journal

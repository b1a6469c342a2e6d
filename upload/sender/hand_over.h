#pragma once
// A package that goes by hand, on a stick or through a shared folder: the package, a request beside it, and
// later what the platform answered beside both. docs/ref/hand-over.md. Thread-safe (no state).

#include <filesystem>
#include <string>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/dsse.h"
#include "firmware/base/keys.h"

namespace shilu::sender {

struct HandOver {
  Digest package_sha256{};
  std::uint64_t size_bytes = 0;
  std::string programme;
  std::string point;

  bool operator==(const HandOver&) const = default;
};

std::filesystem::path package_file(const std::filesystem::path& folder, const Digest& package_sha256);
std::filesystem::path request_file(const std::filesystem::path& folder, const Digest& package_sha256);
std::filesystem::path receipt_file(const std::filesystem::path& folder, const Digest& package_sha256);
std::filesystem::path refusal_file(const std::filesystem::path& folder, const Digest& package_sha256);

enum class HandedOut { kNow, kBefore };
// Copies the package, reads back what was written, and writes the request last: where a request stands, its
// package is whole. kStorageFull: no room; kCorrupted: what was written reads as something else (a bad
// stick).
Result<HandedOut> hand_out(const std::filesystem::path& folder, const std::filesystem::path& package,
                           const HandOver& what);
// What lies in a folder, by digest. Only names that we give count: 64 hex digits and the ending. `bad` has
// one sentence for each file with such a name that cannot be read; the others are there all the same.
template <typename T>
struct Found {
  std::vector<T> good;
  std::vector<Error> bad;
};
Result<Found<HandOver>> requests_in(const std::filesystem::path& folder);
// The receipts that somebody brought back, with their files' names. Their signatures are the taker's to
// check.
struct Brought {
  std::string name;
  DsseEnvelope receipt;
};
Result<Found<Brought>> receipts_in(const std::filesystem::path& folder);
// Whether a receipt of `key` for just this package lies beside it; nothing less means that it was delivered.
bool has_receipt(const std::filesystem::path& folder, const HandOver& request, const PublicKey& key);

}  // namespace shilu::sender

#include "upload/sender/block_hashes.h"

#include <sstream>

#include "firmware/base/file_system.h"
#include "upload/evidence/package.h"

namespace shilu::sender {
namespace {

std::filesystem::path sidecar(const std::filesystem::path& package) {
  return package.string() + ".blocks";
}

// Empty if there is no sidecar that fits.
std::vector<Digest> stored(const std::filesystem::path& package, std::uint64_t count) {
  std::vector<Digest> blocks;
  const auto text = read_text_file(sidecar(package));
  if (!text) return {};
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const auto digest = digest_from_hex(line);
    if (!digest) return {};
    blocks.push_back(*digest);
  }
  return blocks.size() == count ? blocks : std::vector<Digest>();
}

}  // namespace

Result<std::vector<Digest>> block_hashes(const std::filesystem::path& package, std::uint64_t size) {
  const std::uint64_t count = (size + evidence::kBlockSize - 1) / evidence::kBlockSize;
  std::vector<Digest> blocks = stored(package, count);
  if (!blocks.empty()) return blocks;
  SHILU_TRY(const auto file, posix_file_system().open(package, OpenMode::kRead));
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) {
    SHILU_TRY(const Bytes block, file->read_at(i * evidence::kBlockSize, evidence::kBlockSize));
    blocks.push_back(sha256(block));
    text += to_hex(blocks.back()) + "\n";
  }
  SHILU_CHECK(write_file_atomic(sidecar(package), as_bytes(text)));
  return blocks;
}

}  // namespace shilu::sender

#include "upload/s3/file_part.h"

#include <algorithm>

namespace shilu::s3 {
namespace {

constexpr std::uint64_t kPiece = 256u << 10;  // stays in the processor's cache between the two digests

Result<Bytes> read_piece(File& file, std::uint64_t at, std::uint64_t wanted) {
  SHILU_TRY(Bytes bytes, file.read_at(at, static_cast<std::size_t>(wanted)));
  if (bytes.size() == wanted) return bytes;
  return fail(ErrorKind::kCorrupted, "the package became shorter while it was being sent");
}

}  // namespace

Result<PartDigests> digests_of(File& file, const FilePart& part) {
  Sha256 sha256;
  Md5Hash md5;
  const std::uint64_t end = part.from + part.size;
  for (std::uint64_t at = part.from; at < end; at += kPiece) {
    SHILU_TRY(const Bytes bytes, read_piece(file, at, std::min(kPiece, end - at)));
    sha256.update(bytes);
    md5.update(bytes);
  }
  return PartDigests{sha256.finish(), md5.finish()};
}

http::BodySource body_of(std::shared_ptr<File> file, const FilePart& part) {
  return [file = std::move(file), part](std::uint64_t at,
                                        std::span<std::uint8_t> buffer) -> Result<std::size_t> {
    const std::uint64_t wanted = std::min<std::uint64_t>(buffer.size(), part.size - at);
    SHILU_TRY(const Bytes bytes, read_piece(*file, part.from + at, wanted));
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    return bytes.size();
  };
}

}  // namespace shilu::s3

#include "upload/platform/received_hashes.h"

#include <fmt/format.h>

#include <algorithm>

namespace shilu::platform {

Status ReceivedHashes::resume(File& file, std::int64_t offset) {
  const std::int64_t begin = offset / kBlockSize * kBlockSize;
  block_ = Sha256();
  offset_ = begin;
  whole_.reset();
  if (offset == 0) whole_.emplace();
  if (announced_.empty() || offset == begin) {
    offset_ = offset;
    return {};
  }
  SHILU_TRY(const Bytes so_far,
            file.read_at(static_cast<std::uint64_t>(begin), static_cast<std::size_t>(offset - begin)));
  if (static_cast<std::int64_t>(so_far.size()) != offset - begin)
    return fail(ErrorKind::kCorrupted, "the upload's file is shorter than what it had");
  block_.update(so_far);
  offset_ = offset;
  return {};
}

Status ReceivedHashes::update(ByteView bytes) {
  if (whole_) whole_->update(bytes);
  if (announced_.empty()) {
    offset_ += static_cast<std::int64_t>(bytes.size());
    return {};
  }
  while (!bytes.empty()) {
    const auto left = static_cast<std::size_t>(kBlockSize - offset_ % kBlockSize);
    const ByteView piece = bytes.first(std::min(left, bytes.size()));
    block_.update(piece);
    bytes = bytes.subspan(piece.size());
    const std::int64_t end = offset_ + static_cast<std::int64_t>(piece.size());
    if (end % kBlockSize == 0 || end == size_) SHILU_CHECK(end_block());
    offset_ = end;
  }
  return {};
}

// offset_ still lies inside the block, so that wrong_from() is where it begins.
Status ReceivedHashes::end_block() {
  const auto index = static_cast<std::size_t>(offset_ / kBlockSize);
  const Digest digest = std::exchange(block_, Sha256()).finish();
  if (index < announced_.size() && announced_[index] == digest) return {};
  return fail(ErrorKind::kCorrupted,
              fmt::format("Block {} is not what was announced; send it again.", index));
}

std::optional<Digest> ReceivedHashes::take_whole() {
  if (!whole_ || offset_ != size_) return std::nullopt;
  const Digest digest = whole_->finish();
  whole_.reset();
  return digest;
}

}  // namespace shilu::platform

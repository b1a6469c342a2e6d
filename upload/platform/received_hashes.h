#pragma once
// Hashes an upload while it comes: each block of 8 MiB against what the device announced, and the whole, so
// that nobody has to read it again. Thread-bound.

#include <optional>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"

namespace shilu::platform {

inline constexpr std::int64_t kBlockSize = 8 << 20;  // bytes; as offers name them (docs/ref/platform-api.md)

class ReceivedHashes {
 public:
  // `announced`: one digest per block of an upload of `size` bytes; empty: none was announced, and none is
  // checked.
  ReceivedHashes(std::vector<Digest> announced, std::int64_t size)
      : announced_(std::move(announced)), size_(size) {}

  // Goes on at `offset`: reads what `file` has of the block that it lies in. The whole is not known any more,
  // unless the offset is 0.
  Status resume(File& file, std::int64_t offset);
  // The next bytes. kCorrupted: a block is not what was announced; go on at where it begins (wrong_from()).
  Status update(ByteView bytes);
  std::int64_t wrong_from() const { return offset_ / kBlockSize * kBlockSize; }
  // Of the whole, once all of it has come in one life; once.
  std::optional<Digest> take_whole();

 private:
  Status end_block();

  std::vector<Digest> announced_;
  std::int64_t size_;
  std::int64_t offset_ = 0;  // of the last whole block, plus what of the next one is hashed
  Sha256 block_;
  std::optional<Sha256> whole_{std::in_place};
};

}  // namespace shilu::platform

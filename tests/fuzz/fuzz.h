#pragma once
// What the fuzz targets share. A target is one file NAME_fuzz.cpp with LLVMFuzzerTestOneInput;
// tests/fuzz/README.md tells how they are built and run.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "firmware/base/file_system.h"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Of libFuzzer: changes `data` in place, gives the new size (at most `max_size`).
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed);
}

namespace shilu::fuzz {

// A promise of the code under test that was broken.
inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// Takes an input apart. Past its end everything is 0 and empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  ByteView take(std::size_t count) {
    const ByteView taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // With its length in front, 16 bits.
  ByteView chunk() { return take(u16()); }
  ByteView rest() { return take(rest_.size()); }
  bool empty() const { return rest_.empty(); }

 private:
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const auto byte : take(size)) value = value << 8 | byte;
    return value;
  }
  ByteView rest_;
};

// A file that is only read.
class MemoryFile final : public File {
 public:
  explicit MemoryFile(ByteView bytes) : bytes_(bytes) {}
  Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override {
    const std::uint64_t from = std::min<std::uint64_t>(offset, bytes_.size());
    const ByteView part = bytes_.subspan(from, std::min<std::uint64_t>(size, bytes_.size() - from));
    return Bytes(part.begin(), part.end());
  }
  Result<std::uint64_t> size() override { return bytes_.size(); }
  Status write_at(std::uint64_t, ByteView) override { return refuse(); }
  Status truncate(std::uint64_t) override { return refuse(); }
  Status reserve(std::uint64_t, std::uint64_t) override { return refuse(); }
  Status sync_data() override { return refuse(); }

 private:
  static Status refuse() { return fail(ErrorKind::kPermissionDenied, "only read"); }
  ByteView bytes_;
};

// libFuzzer changes bytes; `repair` then mends lengths and check sums in three of four cases, so that the
// change is not lost at the first of them.
inline std::size_t mutate_and_repair(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                     unsigned seed, const std::function<Bytes(ByteView)>& repair) {
  size = LLVMFuzzerMutate(data, size, max_size);
  std::minstd_rand random(seed);
  if (random() % 4 == 0) return size;
  const Bytes mended = repair({data, size});
  if (mended.empty() || mended.size() > max_size) return size;
  std::copy(mended.begin(), mended.end(), data);
  return mended.size();
}

}  // namespace shilu::fuzz

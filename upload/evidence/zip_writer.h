#pragma once
// Writes a canonical package zip. Entries in the order that they are added; the caller sorts.

#include <functional>
#include <memory>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "upload/evidence/zip_structure.h"

namespace shilu::evidence {

class ZipWriter {
 public:
  // Writes from the start of `file`.
  explicit ZipWriter(File& file) : file_(file) {}

  // Gives the next bytes of an entry; empty at its end.
  using Source = std::function<Result<Bytes>()>;
  // Copies `size` bytes (an error if the source has another length) and gives their SHA-256. The CRC is put
  // into the local header afterwards, so the media is read once.
  Result<Digest> add(const std::string& name, std::uint64_t size, const Source& source);
  Result<Digest> add(const std::string& name, ByteView bytes);
  // Directory and end; -> the file's size.
  Result<std::uint64_t> finish();

 private:
  File& file_;
  std::uint64_t position_ = 0;
  std::vector<ZipEntry> entries_;
};

}  // namespace shilu::evidence

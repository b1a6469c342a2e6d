#pragma once
// Writes a canonical package zip. Sizes are known before the first byte, so every entry has its place from
// the start and they may be written in any order: the media first, while they are read and hashed once, then
// the manifests in front of them that hold those hashes. All names share one prefix, the bag's name, which is
// itself a hash of a manifest and is given last; only its length is needed before.

#include <string>
#include <vector>

#include "firmware/base/digest.h"
#include "firmware/base/file_system.h"
#include "upload/evidence/zip_structure.h"

namespace shilu::evidence {

struct PlannedEntry {
  std::string name;  // without the prefix
  std::uint64_t size = 0;
};

class ZipWriter {
 public:
  // `file` is borrowed for the writer's life and written from its start. kInternal: a name that cannot stand
  // in a package.
  static Result<ZipWriter> create(File& file, std::vector<PlannedEntry> entries, std::size_t prefix_size);

  // The size of the finished file.
  std::uint64_t size() const { return size_; }
  // Where the data of an entry begins in the file.
  std::uint64_t data_offset(std::size_t entry) const { return entries_[entry].data_offset; }

  // One entry's data, from its first byte to its last. One at a time.
  Status append(std::size_t entry, ByteView bytes);
  // -> SHA-256 of the data. kFailedPrecondition: it has not the planned size.
  Result<Digest> close(std::size_t entry);

  // append and close.
  Result<Digest> write(std::size_t entry, ByteView bytes);

  // Headers, directory and end. `prefix` ends with "/".
  Status finish(std::string_view prefix);

 private:
  ZipWriter(File& file, std::vector<ZipEntry> entries, std::uint64_t directory_offset, std::uint64_t size);

  File* file_;
  std::vector<ZipEntry> entries_;
  std::uint64_t directory_offset_;
  std::uint64_t size_;
  std::uint64_t written_ = 0;  // of the entry that is open
  Sha256 sha_;
};

}  // namespace shilu::evidence

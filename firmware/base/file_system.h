#pragma once
// The one seam between our durable formats and the disk, so that tests can lose exactly what was not synced
// and fail the n-th operation. Everything under lessons/ is written through it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "firmware/base/bytes.h"

namespace shilu {

// An open file. Positioned reads and writes; thread-safe in so far as pread and pwrite are.
class File {
 public:
  virtual ~File() = default;
  // All bytes or an error; after an error any prefix may have been written.
  virtual Status write_at(std::uint64_t offset, ByteView bytes) = 0;
  // Up to `size` bytes; fewer only at the end of the file.
  virtual Result<Bytes> read_at(std::uint64_t offset, std::size_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  // Reserves blocks without changing the size (FALLOC_FL_KEEP_SIZE). Unsupported is success; a full disk is
  // not.
  virtual Status reserve(std::uint64_t offset, std::uint64_t size) = 0;
  virtual Status sync_data() = 0;  // fdatasync: bytes and size survive a power cut after this
};

enum class OpenMode {
  kRead,
  kReadWrite,
  kCreate /* must not exist; kRead: of a regular file only */,
  kCreateOrOpen
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual Status create_directories(const std::filesystem::path& path) = 0;  // parents synced
  virtual Status sync_directory(const std::filesystem::path& path) = 0;
  virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status remove(const std::filesystem::path& path) = 0;                               // a file
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;  // names, sorted
  virtual bool exists(const std::filesystem::path& path) = 0;
  virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& path) = 0;  // for an ordinary user
};

FileSystem& posix_file_system();  // stateless; thread-safe

// Whole small files. write_file_atomic: temporary, sync, rename, sync of the directory; the old file or the
// new one is there at any moment. `limit` guards against reading something huge by mistake.
Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t limit = 64u << 20);
Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t limit = 64u << 20);
Status write_file_atomic(const std::filesystem::path& path, ByteView bytes, unsigned mode = 0644);
// The same, but kAlreadyExists if there is one: of several writers at once exactly one wins.
Status write_new_file_atomic(const std::filesystem::path& path, ByteView bytes, unsigned mode = 0644);

}  // namespace shilu

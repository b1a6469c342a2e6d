#include "firmware/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "firmware/base/unique_fd.h"

namespace shilu {
namespace {

using std::filesystem::path;

tl::unexpected<Error> fail_at(std::string_view verb, const path& where) {
  return fail_errno(errno, fmt::format("{} {}", verb, where.string()));
}

Status write_all(int fd, std::uint64_t offset, ByteView bytes, const path& where) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_at("write", where);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, path where) : fd_(std::move(fd)), path_(std::move(where)) {}

  Status write_at(std::uint64_t offset, ByteView bytes) override {
    return write_all(fd_.get(), offset, bytes, path_);
  }

  Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override {
    Bytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
      const auto count =
          ::pread(fd_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail_at("read", path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return fail_at("read the size of", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail_at("truncate", path_);
    return {};
  }

  Status reserve(std::uint64_t offset, std::uint64_t size) override {
    if (size == 0) return {};
    while (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                       static_cast<off_t>(size)) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
      if (errno != EINTR) return fail_at("reserve space for", path_);
    }
    return {};
  }

  Status sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return fail_at("sync", path_);
    return {};
  }

 private:
  UniqueFd fd_;
  path path_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe in the place of a file must not make us wait
    case OpenMode::kReadWrite:
      return O_RDWR | O_CLOEXEC;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    case OpenMode::kCreateOrOpen:
      return O_RDWR | O_CREAT | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

// What is read by position has an end: no pipe, no device, no folder.
Status check_is_file(int fd, const path& where) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_at("read the kind of", where);
  if (S_ISREG(info.st_mode)) return {};
  return fail(ErrorKind::kInvalidArgument, fmt::format("{} is not a regular file", where.string()));
}

path parent_of(const path& where) {
  return where.has_parent_path() ? where.parent_path() : path(".");
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const path& where, OpenMode mode) override {
    UniqueFd fd(::open(where.c_str(), flags_of(mode), 0644));
    if (!fd) return fail_at(mode == OpenMode::kCreate ? "create" : "open", where);
    if (mode == OpenMode::kRead) SHILU_CHECK(check_is_file(fd.get(), where));
    return std::make_unique<PosixFile>(std::move(fd), where);
  }

  Status create_directories(const path& where) override {
    struct stat info {};
    if (::stat(where.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    // "a/b/" has the parent "a/b", which has the name to make.
    if (!where.has_filename()) return create_directories(where.parent_path());
    SHILU_CHECK(create_directories(parent_of(where)));
    if (::mkdir(where.c_str(), 0755) != 0 && errno != EEXIST) return fail_at("create the directory", where);
    if (::stat(where.c_str(), &info) != 0) return fail_at("create the directory", where);
    if (!S_ISDIR(info.st_mode)) {
      return fail(ErrorKind::kAlreadyExists,
                  fmt::format("{} is there and is not a directory", where.string()));
    }
    return sync_directory(parent_of(where));
  }

  Status sync_directory(const path& where) override {
    const UniqueFd fd(::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_at("open", where);
    if (::fsync(fd.get()) != 0) return fail_at("sync", where);
    return {};
  }

  Status rename(const path& from, const path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_at("rename", from);
    return {};
  }

  Status remove(const path& where) override {
    if (::unlink(where.c_str()) != 0) return fail_at("remove", where);
    return {};
  }

  Result<std::vector<std::string>> list(const path& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    auto entry = std::filesystem::directory_iterator(directory, error);
    for (const auto end = std::filesystem::directory_iterator(); !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return fail_errno(error.value(), fmt::format("list {}", directory.string()));
    std::sort(names.begin(), names.end());
    return names;
  }

  bool exists(const path& where) override { return ::access(where.c_str(), F_OK) == 0; }

  Result<std::uint64_t> free_bytes(const path& where) override {
    struct statvfs info {};
    if (::statvfs(where.c_str(), &info) != 0) return fail_at("read the free space of", where);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

// A synced temporary file beside its target; removed unless it was renamed away.
class TemporaryFile {
 public:
  static Result<TemporaryFile> write(const path& target, ByteView bytes, unsigned mode) {
    auto name = (parent_of(target) / fmt::format(".{}.XXXXXX", target.filename().string())).string();
    const UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return fail_at("create a file beside", target);
    TemporaryFile file{path(name)};
    if (::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) return fail_at("set the mode of", name);
    SHILU_CHECK(write_all(fd.get(), 0, bytes, name));
    if (::fsync(fd.get()) != 0) return fail_at("sync", name);
    return file;
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, path())) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const path& where() const { return path_; }
  void renamed_away() { path_.clear(); }

 private:
  explicit TemporaryFile(path where) : path_(std::move(where)) {}
  path path_;
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

Result<Bytes> read_file(const path& where, std::uint64_t limit) {
  SHILU_TRY(const auto file, posix_file_system().open(where, OpenMode::kRead));
  // One byte more than allowed tells a full file from a longer one, whatever its size claims (/proc says 0).
  constexpr std::size_t kBlock = 1u << 20;
  Bytes bytes;
  while (bytes.size() <= limit) {
    const auto wanted = std::min<std::uint64_t>(kBlock, limit + 1 - bytes.size());
    SHILU_TRY(const auto block, file->read_at(bytes.size(), wanted));
    put_bytes(bytes, block);
    if (block.size() < wanted) return bytes;
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("{} is larger than {} bytes", where.string(), limit));
}

Result<std::string> read_text_file(const path& where, std::uint64_t limit) {
  SHILU_TRY(const auto bytes, read_file(where, limit));
  return std::string(as_text(bytes));
}

Status write_file_atomic(const path& where, ByteView bytes, unsigned mode) {
  SHILU_TRY(auto temporary, TemporaryFile::write(where, bytes, mode));
  if (::rename(temporary.where().c_str(), where.c_str()) != 0) return fail_at("write", where);
  temporary.renamed_away();
  return posix_file_system().sync_directory(parent_of(where));
}

Status write_new_file_atomic(const path& where, ByteView bytes, unsigned mode) {
  SHILU_TRY(const auto temporary, TemporaryFile::write(where, bytes, mode));
  if (::link(temporary.where().c_str(), where.c_str()) != 0) return fail_at("create", where);
  return posix_file_system().sync_directory(parent_of(where));
}

}  // namespace shilu

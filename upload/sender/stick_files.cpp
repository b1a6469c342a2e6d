#include "upload/sender/stick_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "firmware/base/file_system.h"
#include "firmware/base/unique_fd.h"

namespace shilu::sender {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1u << 20;

tl::unexpected<Error> fail_at(std::string_view verb, const fs::path& file) {
  return fail_errno(errno, fmt::format("{} {}", verb, file.string()));
}

Status write_all(int fd, ByteView bytes, const fs::path& file) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_at("write", file);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

// A new file, whatever was there: a link that lay in wait is removed, not followed.
Result<UniqueFd> create(const fs::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return fail_at("remove", file);
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return fail_at("create", file);
  return fd;
}

// O_NONBLOCK: a pipe in the place of a file must not make us wait.
Result<UniqueFd> open_to_read(const fs::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ELOOP)
    return fail(ErrorKind::kPermissionDenied, fmt::format("{} is a link", file.string()));
  if (!fd) return fail_at("open", file);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_at("read the kind of", file);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorKind::kInvalidArgument, fmt::format("{} is not a regular file", file.string()));
  return fd;
}

// At most `size` bytes; none at the end.
Result<std::size_t> read_some(int fd, std::uint8_t* to, std::size_t size, const fs::path& file) {
  for (;;) {
    const auto count = ::read(fd, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_at("read", file);
    return static_cast<std::size_t>(count);
  }
}

Status copy_bytes(File& from, int to, std::uint64_t size, const fs::path& file) {
  for (std::uint64_t at = 0; at < size;) {
    SHILU_TRY(const Bytes piece, from.read_at(at, std::min<std::uint64_t>(kPiece, size - at)));
    if (piece.empty()) return fail(ErrorKind::kCorrupted, "the package is shorter than it was");
    SHILU_CHECK(write_all(to, piece, file));
    at += piece.size();
  }
  if (::fdatasync(to) != 0) return fail_at("sync", file);
  return {};
}

}  // namespace

Status copy_to_stick(const fs::path& package, const fs::path& to, std::uint64_t size) {
  FileSystem& files = posix_file_system();
  const fs::path part = to.string() + ".part";
  SHILU_TRY(const auto in, files.open(package, OpenMode::kRead));
  SHILU_TRY(const UniqueFd out, create(part));
  auto copied = copy_bytes(*in, out.get(), size, part);
  if (copied) copied = files.rename(part, to);
  if (!copied) {
    (void)files.remove(part);
    return copied;
  }
  return files.sync_directory(to.parent_path());
}

Result<Digest> sha256_on_stick(const fs::path& file) {
  SHILU_TRY(const UniqueFd fd, open_to_read(file));
  (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  Sha256 hash;
  Bytes piece(kPiece);
  for (;;) {
    SHILU_TRY(const std::size_t count, read_some(fd.get(), piece.data(), piece.size(), file));
    if (count == 0) return hash.finish();
    hash.update(ByteView(piece).first(count));
  }
}

Result<std::string> read_text_on_stick(const fs::path& file, std::uint64_t limit) {
  SHILU_TRY(const UniqueFd fd, open_to_read(file));
  // One byte more than allowed tells a full file from a longer one.
  Bytes bytes(limit + 1);
  std::size_t done = 0;
  while (done < bytes.size()) {
    SHILU_TRY(const std::size_t count, read_some(fd.get(), bytes.data() + done, bytes.size() - done, file));
    if (count == 0) return std::string(as_text(ByteView(bytes).first(done)));
    done += count;
  }
  return fail(ErrorKind::kInvalidArgument, fmt::format("{} is larger than {} bytes", file.string(), limit));
}

}  // namespace shilu::sender

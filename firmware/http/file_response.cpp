// A whole file as a response.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "firmware/http/media_type.h"
#include "firmware/http/response.h"

namespace shilu::http {
namespace {

// Changes whenever the file is replaced or written: size and time of change, as nginx does it but to the
// nanosecond.
std::string etag_of(const struct stat& info) {
  auto ns = static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000u +
            static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
  return fmt::format("\"{:x}-{:x}\"", static_cast<std::uint64_t>(info.st_size), ns);
}

}  // namespace

Result<Response> file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  auto fd = std::make_shared<UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!*fd) return fail_errno(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return fail_errno(errno, "examine " + path);
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::kNotFound, path + " is not a file");
  ComposedBody body;
  body.etag = etag_of(info);
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > 0) body.pieces.push_back(BodyPiece{nullptr, fd, 0, size});
  Response response;
  response.content_type = media_type_of(path);
  response.body = std::move(body);
  return response;
}

}  // namespace shilu::http

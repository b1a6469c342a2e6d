#include "firmware/base/unix_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace shilu {
namespace {

constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kPartsAtOnce = 128;       // of one sendmsg(); the kernel takes 1024
constexpr std::size_t kReadBlock = 256u << 10;  // memory follows what has arrived, not what a length claims

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& text = path.native();
  if (text.empty() || text.size() >= sizeof(address.sun_path)) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("the path of a socket has 1 to {} bytes: {}",
                                                         sizeof(address.sun_path) - 1, text));
  }
  text.copy(address.sun_path, text.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<UniqueFd> new_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  return fd;
}

constexpr MonotonicTime kNever{std::numeric_limits<std::int64_t>::max()};

MonotonicTime deadline_after(std::optional<Nanoseconds> timeout) {
  const auto now = SystemClock().monotonic();
  return timeout && *timeout < kNever - now ? now + *timeout : kNever;
}

// Waits until there is something to read.
Status await_readable(int fd, MonotonicTime deadline) {
  if (deadline == kNever) return {};
  for (;;) {
    const auto left = deadline - SystemClock().monotonic();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(left, Nanoseconds(0))).count();
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(ms, 1 << 30)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "wait for a message");
    if (ready == 0 && SystemClock().monotonic() >= deadline) {
      return fail(ErrorKind::kTimedOut, "no whole message came in time");
    }
  }
}

// Appends up to `count` more bytes; false: the peer closed.
Result<bool> read_some(int fd, Bytes& into, std::size_t count, MonotonicTime deadline) {
  SHILU_CHECK(await_readable(fd, deadline));
  const auto have = into.size();
  into.resize(have + std::min(count, kReadBlock));
  ssize_t got = 0;
  do {
    got = ::recv(fd, into.data() + have, into.size() - have, 0);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  into.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return fail_errno(error, "receive a message");
  return got > 0;
}

Result<Bytes> header_of(std::size_t size) {
  if (size > kMaxMessage) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("a message of {} bytes is too large", size));
  }
  Bytes header;
  put_u32(header, static_cast<std::uint32_t>(size));
  return header;
}

// How many of the parts go in one call, and where their bytes are.
std::size_t gather(std::span<const ByteView> parts, std::array<iovec, kPartsAtOnce>& vectors) {
  const auto count = std::min(parts.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<std::uint8_t*>(parts[i].data()), parts[i].size()};  // sendmsg only reads
  }
  return count;
}

Status send_parts(int fd, std::span<ByteView> parts) {
  while (!parts.empty()) {
    std::array<iovec, kPartsAtOnce> vectors;
    msghdr packet{};
    packet.msg_iov = vectors.data();
    packet.msg_iovlen = gather(parts, vectors);
    const auto sent = ::sendmsg(fd, &packet, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail_errno(errno, "send a message");
    auto rest = static_cast<std::size_t>(sent);
    while (!parts.empty() && rest >= parts.front().size()) {
      rest -= parts.front().size();
      parts = parts.subspan(1);
    }
    if (rest > 0) parts.front() = parts.front().subspan(rest);
  }
  return {};
}

}  // namespace

Result<UniqueFd> listen_unix(const std::filesystem::path& path) {
  SHILU_TRY(const auto address, address_of(path));
  if (const auto live = connect_unix(path)) {
    return fail(ErrorKind::kAlreadyExists, fmt::format("another process listens on {}", path.string()));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return fail(ErrorKind::kAlreadyExists, fmt::format("{} is there and is not a socket", path.string()));
    }
    ::unlink(path.c_str());  // what a dead process left
  }
  SHILU_TRY(auto fd, new_socket());
  ::fchmod(fd.get(), 0600);  // before bind, so that the file never has a wider mode
  if (::bind(fd.get(), generic(address), sizeof(address)) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return fail_errno(errno, fmt::format("listen on {}", path.string()));
  }
  return fd;
}

Result<UniqueFd> connect_unix(const std::filesystem::path& path) {
  SHILU_TRY(const auto address, address_of(path));
  SHILU_TRY(auto fd, new_socket());
  if (::connect(fd.get(), generic(address), sizeof(address)) != 0) {
    return fail_errno(errno, fmt::format("connect to {}", path.string()));
  }
  return fd;
}

Result<UniqueFd> accept_unix(int listener) {
  for (;;) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd) return fd;
    if (errno != EINTR && errno != ECONNABORTED) return fail_errno(errno, "accept a connection");
  }
}

Status MessageChannel::send(ByteView message) {
  SHILU_TRY(const auto header, header_of(message.size()));
  std::array<ByteView, 2> parts{header, message};
  return send_parts(fd_.get(), parts);
}

Status MessageChannel::send_all(std::span<const Bytes> messages) {
  std::vector<Bytes> headers;
  headers.reserve(messages.size());  // the views below stay valid
  std::vector<ByteView> parts;
  for (const auto& message : messages) {
    SHILU_TRY(auto header, header_of(message.size()));
    headers.push_back(std::move(header));
    parts.emplace_back(headers.back());
    parts.emplace_back(message);
  }
  return send_parts(fd_.get(), parts);
}

Status MessageChannel::send(std::string_view message) {
  return send(as_bytes(message));
}

Result<std::optional<Bytes>> MessageChannel::receive(std::optional<Nanoseconds> timeout) {
  const auto deadline = deadline_after(timeout);
  while (header_.size() < kHeaderSize) {
    SHILU_TRY(const bool more, read_some(fd_.get(), header_, kHeaderSize - header_.size(), deadline));
    if (!more && header_.empty()) return std::nullopt;
    if (!more) return fail(ErrorKind::kUnavailable, "the peer went away in the middle of a message");
  }
  const std::size_t size = ByteReader(header_).u32();
  if (size > kMaxMessage)
    return fail(ErrorKind::kCorrupted, fmt::format("a message claims to have {} bytes", size));
  while (body_.size() < size) {
    SHILU_TRY(const bool more, read_some(fd_.get(), body_, size - body_.size(), deadline));
    if (!more) return fail(ErrorKind::kUnavailable, "the peer went away in the middle of a message");
  }
  header_.clear();
  return std::exchange(body_, Bytes());
}

void MessageChannel::shutdown() {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace shilu

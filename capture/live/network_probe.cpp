#include "capture/live/network_probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "firmware/base/unique_fd.h"

namespace shilu::live {
namespace {

struct AddressesFree {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

Addresses resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return nullptr;
  return Addresses(list);
}

// 0 when connected, else errno.
int connect_error(const addrinfo& address, Nanoseconds timeout) {
  const UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno;
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd entry{fd.get(), POLLOUT, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  if (::poll(&entry, 1, static_cast<int>(ms)) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

Reach probe_tcp(const std::string& host, std::uint16_t port, Nanoseconds timeout) {
  const auto addresses = resolve(host, port);
  if (!addresses) return Reach::kNoSuchName;
  auto result = Reach::kNoAnswer;
  for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int error = connect_error(*address, timeout);
    if (error == 0) return Reach::kAnswers;
    if (error == ECONNREFUSED) result = Reach::kRefused;
  }
  return result;
}

}  // namespace shilu::live

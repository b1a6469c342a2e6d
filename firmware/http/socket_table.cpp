#include "firmware/http/socket_table.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace shilu::http {
namespace {

// What may wait unsent in the kernel: more only makes progress lie and cancelling slow.
constexpr int kNotSentLowWater = 128 * 1024;

int local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return -1;
}

}  // namespace

void SocketTable::attach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &SocketTable::on_open);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &SocketTable::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

int SocketTable::by_local_port(int port) const {
  for (int fd : open_) {
    if (local_port(fd) == port) return fd;
  }
  return -1;
}

std::uint64_t SocketTable::unacknowledged(int fd) {
  int count = 0;
  if (fd < 0 || ::ioctl(fd, SIOCOUTQ, &count) != 0 || count < 0) return 0;
  return static_cast<std::uint64_t>(count);
}

int SocketTable::on_open(void* self, curl_socket_t fd, curlsocktype) {
  auto* table = static_cast<SocketTable*>(self);
  auto timeout_ms = static_cast<unsigned>(table->dead_peer_timeout_.count());
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentLowWater, sizeof kNotSentLowWater);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  table->open_.insert(fd);
  return CURL_SOCKOPT_OK;
}

int SocketTable::on_close(void* self, curl_socket_t fd) {
  static_cast<SocketTable*>(self)->open_.erase(fd);
  return ::close(fd);
}

}  // namespace shilu::http

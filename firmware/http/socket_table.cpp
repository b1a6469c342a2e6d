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

// A connection without data is asked for a sign of life, so that its silence tells (transfer_watch.h).
constexpr int kProbeAfter_s = 2;
constexpr int kProbeEvery_s = 1;
constexpr int kSmallSegment = 1200;  // fits IPv6's least MTU of 1280 (RFC 8200 section 5)

std::optional<tcp_info> tcp_info_of(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (fd < 0 || ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info;
}

int local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return -1;
}

}  // namespace

void SocketTable::attach(CURL* easy, Opener& opener) {
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &SocketTable::on_open);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, &opener);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &SocketTable::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

int SocketTable::by_local_port(int port) const {
  for (const Open& open : open_) {
    if (local_port(open.fd) == port) return open.fd;
  }
  return -1;
}

bool SocketTable::any_connected(const Opener& opener) const {
  for (const Open& open : open_) {
    if (open.request != opener.request) continue;
    const auto info = tcp_info_of(open.fd);
    if (info && info->tcpi_state == TCP_ESTABLISHED) return true;
  }
  return false;
}

std::optional<SocketTable::Line> SocketTable::line(int fd) {
  const auto info = tcp_info_of(fd);
  if (!info || info->tcpi_state == TCP_CLOSE) return std::nullopt;
  Line line;
  line.heard = std::chrono::milliseconds(info->tcpi_last_ack_recv);
  line.round_trip = std::chrono::microseconds(info->tcpi_rtt);
  line.rto = std::chrono::milliseconds((info->tcpi_rtt + 4 * info->tcpi_rttvar) / 1000);
  return line;
}

std::uint64_t SocketTable::unacknowledged(int fd) {
  int count = 0;
  if (fd < 0 || ::ioctl(fd, SIOCOUTQ, &count) != 0 || count < 0) return 0;
  return static_cast<std::uint64_t>(count);
}

int SocketTable::on_open(void* opener, curl_socket_t fd, curlsocktype) {
  auto* by = static_cast<Opener*>(opener);
  auto* table = &by->table;
  auto timeout_ms = static_cast<unsigned>(table->dead_peer_timeout_.count());
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentLowWater, sizeof kNotSentLowWater);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kProbeAfter_s, sizeof kProbeAfter_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeEvery_s, sizeof kProbeEvery_s);
  if (table->small_packets_) ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &kSmallSegment, sizeof kSmallSegment);
  table->open_.push_back({fd, by->request});
  by->any = true;
  return CURL_SOCKOPT_OK;
}

int SocketTable::on_close(void* self, curl_socket_t fd) {
  std::erase_if(static_cast<SocketTable*>(self)->open_, [fd](const Open& open) { return open.fd == fd; });
  return ::close(fd);
}

}  // namespace shilu::http

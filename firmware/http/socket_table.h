#pragma once
// The sockets that libcurl has open for one client: tuned when they are made, found again by their local
// port, because libcurl does not say which of them a running request uses. Thread-bound.

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <set>

namespace shilu::http {

class SocketTable {
 public:
  explicit SocketTable(std::chrono::milliseconds dead_peer_timeout) : dead_peer_timeout_(dead_peer_timeout) {}
  void attach(CURL* easy);            // its connections call back here, also after the easy handle is gone
  int by_local_port(int port) const;  // -1: none

  // Bytes that the socket still holds because the peer's kernel has not acknowledged them.
  static std::uint64_t unacknowledged(int fd);

 private:
  static int on_open(void* self, curl_socket_t fd, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t fd);

  std::chrono::milliseconds dead_peer_timeout_;
  std::set<int> open_;
};

}  // namespace shilu::http

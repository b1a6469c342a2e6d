#pragma once
// The sockets that libcurl has open for one client: tuned when they are made, found again by their local
// port, because libcurl does not say which of them a running request uses. Thread-bound.

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace shilu::http {

class SocketTable {
 public:
  explicit SocketTable(std::chrono::milliseconds dead_peer_timeout) : dead_peer_timeout_(dead_peer_timeout) {}
  // What one request has opened; several may be under way. Stands still for as long as its easy handle lives.
  struct Opener {
    SocketTable& table;
    std::uint64_t request = 0;
    bool any = false;
  };
  Opener next_request() { return {*this, ++requests_, false}; }
  // Its connections call back here, also after the easy handle is gone.
  void attach(CURL* easy, Opener& opener);
  int by_local_port(int port) const;  // -1: none
  // Does one of the sockets that this request has opened have a connection?
  bool any_connected(const Opener& opener) const;

  // From the next connection on small packets only: on this way large ones vanish without a word (a tunnel
  // with a smaller MTU, and a firewall that eats the ICMP messages about it).
  void use_small_packets() { small_packets_ = true; }

  // Bytes that the socket still holds because the peer's kernel has not acknowledged them.
  static std::uint64_t unacknowledged(int fd);

  struct Line {
    std::chrono::milliseconds heard{0};  // since the peer's last acknowledgement
    std::chrono::microseconds round_trip{0};
    std::chrono::milliseconds rto{0};  // as RFC 6298 computes it from the round trips, without its backoff
  };
  static std::optional<Line> line(int fd);

 private:
  static int on_open(void* opener, curl_socket_t fd, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t fd);

  struct Open {
    int fd = -1;
    std::uint64_t request = 0;
  };
  std::chrono::milliseconds dead_peer_timeout_;
  std::vector<Open> open_;
  std::uint64_t requests_ = 0;
  bool small_packets_ = false;
};

}  // namespace shilu::http

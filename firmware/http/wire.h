#pragma once
// One accepted socket: waits with a deadline that end when the server stops. Reading and writing go straight
// to the descriptor, without blocking. Thread-bound to the loop; only fd() may be used by one pool task while
// the connection waits for that task.

#include <chrono>
#include <string>

#include "firmware/http/server_context.h"

namespace shilu::http {

enum class Woken {
  kReady,
  kTimedOut,
  kEnded,  // the server stops, or the socket is broken
};

SteadyTime seconds_from_now(int seconds);
std::string address_of(const Tcp::socket& socket);  // of the peer, no port; "" if it is gone

class Wire {
 public:
  Wire(ServerContext& context, Tcp::socket socket);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int fd() { return socket_.native_handle(); }
  Tcp::socket& socket() { return socket_; }
  ServerContext& context() { return context_; }
  const std::string& peer() const { return peer_; }

  bool stopped() const { return stopped_; }

  // At most one wait of each kind at a time; when one times out, both end.
  Awaitable<Woken> readable(SteadyTime until);
  Awaitable<Woken> writable(SteadyTime until);

  void stop();  // ends all waits, for good
  // From now on closing throws away what the peer has not taken, so that it holds no memory of the kernel.
  void close_hard();
  void tick(SteadyTime now);  // by the server, several times a second

 private:
  struct Wait {
    SteadyTime until = SteadyTime::max();
    bool timed_out = false;
  };
  Awaitable<Woken> wait_for(Tcp::socket::wait_type what, Wait& wait, SteadyTime until);

  ServerContext& context_;
  Tcp::socket socket_;
  std::string peer_;
  Wait read_;
  Wait write_;
  bool stopped_ = false;
};

enum class Received { kBytes, kNothingYet, kEnd, kBroken };
struct ReceivedBytes {
  Received state = Received::kNothingYet;
  std::size_t count = 0;
};
// One recv that does not block.
ReceivedBytes receive_some(int fd, void* buffer, std::size_t size);

// Tells the peer that we are done, then reads over what it still sends, for a short while: closing at once
// would reset the connection and the peer could lose the answer (RFC 9112 section 9.6).
Awaitable<void> linger(Wire& wire);

}  // namespace shilu::http

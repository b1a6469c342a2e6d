#pragma once
// The capture's side of the socket: one peer at a time gets hello and then the backlog; a newer peer replaces
// it. Two threads: one waits for connections and for what the peer says, one (per peer) sends, so that a peer
// that does not read holds up nothing.

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "capture/live/backlog.h"
#include "firmware/base/unix_socket.h"

namespace shilu::live {

struct PeerServerOptions {
  std::filesystem::path socket;
  link::Hello hello;
  Nanoseconds linger = std::chrono::seconds(60);  // without a peer this long: the end
};

// Called from the server's thread.
struct PeerWishes {
  std::function<void(std::string_view why)> end;  // once: the peer said shutdown, or none came
  std::function<void()> key;                      // the peer waits for a key picture
};

class PeerServer {
 public:
  static Result<std::unique_ptr<PeerServer>> open(PeerServerOptions options, Backlog& backlog,
                                                  PeerWishes wishes);
  ~PeerServer();  // ends the connection and both threads; the socket file is removed
  PeerServer(const PeerServer&) = delete;
  PeerServer& operator=(const PeerServer&) = delete;

 private:
  class Peer;
  PeerServer(PeerServerOptions options, UniqueFd listener, UniqueFd stop, Backlog& backlog,
             PeerWishes wishes);
  void serve();
  void accept_peer();
  void drop_peer();
  bool hear_peer();                         // false: it said shutdown
  bool obey(const link::Message& message);  // false: not for a capture
  int wait_ms() const;

  PeerServerOptions options_;
  UniqueFd listener_;
  UniqueFd stop_;  // eventfd
  Backlog& backlog_;
  PeerWishes wishes_;
  MonotonicTime alone_since_;
  std::unique_ptr<Peer> peer_;
  std::thread thread_;
};

}  // namespace shilu::live

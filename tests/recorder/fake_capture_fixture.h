#pragma once
// A capture process without a process: speaks the link over a real socket, in real time, and keeps what is
// not durable. 25 pictures per second with an IDR every 5, and sound.

#include <atomic>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "capture/link/link.h"
#include "firmware/base/unix_socket.h"

namespace shilu::test {

class FakeCapture {
 public:
  // Listens on `directory`/capture-<source>.sock.
  FakeCapture(const std::filesystem::path& directory, std::string source, std::uint32_t pid = 1);
  ~FakeCapture();  // as a kill -9: what it held is gone
  FakeCapture(const FakeCapture&) = delete;
  FakeCapture& operator=(const FakeCapture&) = delete;

  void lose(const std::string& code);  // the source is away; the process lives
  void find();                         // and is back
  // As a camera that sends none to begin with: its sound alone. `code`: "no-key", or "no-picture" before the
  // recorder connects.
  void withhold_pictures(const std::string& code);
  void release_pictures();
  void hang_up();                                 // the connection breaks, nothing else
  std::uint64_t made(MediaKind kind) const;       // number of the newest unit
  std::uint64_t forgotten(MediaKind kind) const;  // number up to which the recorder let it forget
  int connections() const { return connections_; }

 private:
  struct Held {
    MediaKind kind;
    std::uint64_t number;
    Bytes message;
  };
  void serve();
  void make();
  void greet();
  void hear(MessageChannel& channel);
  void send(const link::Message& message);
  void put(link::AccessUnit unit);

  std::string source_;
  std::uint32_t pid_;
  std::filesystem::path socket_;
  UniqueFd listener_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<MessageChannel> channel_;
  std::deque<Held> held_;
  link::StateChange state_;
  bool away_ = false;
  bool pictures_ = true;
  std::uint64_t made_[2] = {0, 0};
  std::uint64_t forgotten_[2] = {0, 0};
  std::thread server_;
  std::thread maker_;
};

}  // namespace shilu::test

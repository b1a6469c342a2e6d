#pragma once
// Reads what a capture shows to onlookers (live-NAME.sock, docs/ref/processes.md) on a thread of its own, and
// connects again whenever the capture comes back. Nothing that is done here can hold up a capture: it passes
// over who is slow.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "capture/link/link.h"
#include "firmware/base/unix_socket.h"

namespace shilu::monitor {

std::filesystem::path live_socket(const std::filesystem::path& runtime_directory, const std::string& source);

class LiveReader {
 public:
  // `on_message` is called on the reader's thread: hello, parameters, units, states; hello again after each
  // new connection.
  LiveReader(std::filesystem::path socket, std::function<void(const link::Message&)> on_message);
  ~LiveReader();  // no call after it
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

 private:
  void run();
  void follow(MessageChannel& channel);
  bool pause();

  const std::filesystem::path socket_;
  const std::function<void(const link::Message&)> on_message_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable wake_;
  bool ending_ = false;
  MessageChannel* channel_ = nullptr;  // while connected
  std::thread thread_;
};

}  // namespace shilu::monitor

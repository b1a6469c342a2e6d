#pragma once
// What the tests of http share: raw sockets, other people's programs, files to serve.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "firmware/base/unique_fd.h"
#include "firmware/http/server.h"

namespace shilu::http::test {

using namespace std::chrono_literals;

// Output of a shell command, stdout and stderr; ends the test if the command fails and `may_fail` is not
// said.
enum class OnFailure { kFailTest, kAccept };
std::string run_command(const std::string& command, OnFailure on_failure = OnFailure::kFailTest);
std::string script(const std::string& name);  // path of a file in tests/http

class TempDir {
 public:
  TempDir();
  ~TempDir();
  std::string path(const std::string& name = "") const { return path_ / name; }
  void write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

std::string random_text(std::size_t size, unsigned seed);  // any byte, the same for the same seed

// A client that sends what it is told and nothing else.
class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port);
  RawPeer& send(std::string_view bytes);
  void finish_sending();  // half-close
  void reset();           // RST
  // Everything until `mark` has come (inclusive), the peer closed, or the deadline passed (then the test
  // fails).
  std::string read_until(const std::string& mark, std::chrono::milliseconds within = 10s);
  std::string read_all(std::chrono::milliseconds within = 10s);  // until the other end closes
  bool is_closed_within(std::chrono::milliseconds time);
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string received_;
};

// A server that does what the test says with each accepted socket, one after the other.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(int fd)> serve);
  ~FakeServer();
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  int accepted() const { return accepted_; }

 private:
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};
std::string read_head_of(int fd);               // blocking; until the empty line
std::string exactly(int fd, std::size_t size);  // blocking; empty: there was less
void write_all(int fd, std::string_view bytes);

// Waits for something that another thread does.
class Event {
 public:
  void set();
  bool wait(std::chrono::milliseconds within = 10s);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds within = 10s);

std::string url_of(const Server& server, const std::string& path);
int status_of(const std::string& answer);                                  // of a raw answer
std::string field_of(const std::string& answer, const std::string& name);  // "" if absent
std::string body_of(const std::string& answer);

}  // namespace shilu::http::test

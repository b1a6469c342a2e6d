#include "tests/http/http_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <random>

namespace shilu::http::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool wait_readable(int fd, std::chrono::steady_clock::time_point until) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd wanted{fd, POLLIN, 0};
  return left.count() > 0 && ::poll(&wanted, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

std::string run_command(const std::string& command, OnFailure on_failure) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe);
  char buffer[4096];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, count);
  int status = ::pclose(pipe);
  INFO(command << "\n" << out);
  if (on_failure == OnFailure::kFailTest) REQUIRE(status == 0);
  return out;
}

std::string script(const std::string& name) {
  return std::string(SHILU_SOURCE_DIR) + "/tests/http/" + name;
}

TempDir::TempDir() {
  char name[] = "/tmp/shilu-http-XXXXXX";
  REQUIRE(::mkdtemp(name));
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TempDir::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream out(path_ / name, std::ios::binary);
  out << content;
  REQUIRE(out.good());
}

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random() & 0xFF);
  return out;
}

RawPeer::RawPeer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto address = loopback(port);
  REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

RawPeer& RawPeer::send(std::string_view bytes) {
  write_all(fd_.get(), bytes);
  return *this;
}

void RawPeer::finish_sending() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void RawPeer::reset() {
  linger hard{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  fd_.reset();
}

std::string RawPeer::read_until(const std::string& mark, std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  for (;;) {
    if (auto at = received_.find(mark); at != std::string::npos) {
      auto out = received_.substr(0, at + mark.size());
      received_.erase(0, at + mark.size());
      return out;
    }
    INFO("waiting for \"" << mark << "\", have \"" << received_ << "\"");
    REQUIRE(wait_readable(fd_.get(), until));
    char buffer[65536];
    auto count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return std::exchange(received_, {});
    received_.append(buffer, static_cast<std::size_t>(count));
  }
}

std::string RawPeer::read_all(std::chrono::milliseconds within) {
  return read_until(std::string("\0no such text\0", 14), within);
}

bool RawPeer::is_closed_within(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  char buffer[65536];
  while (wait_readable(fd_.get(), until)) {
    if (::recv(fd_.get(), buffer, sizeof buffer, 0) <= 0) return true;
  }
  return false;
}

FakeServer::FakeServer(std::function<void(int fd)> serve)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener_.get(), 16) == 0);
  REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, serve = std::move(serve)] {
    for (;;) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd || ending_) return;
      ++accepted_;
      serve(fd.get());
    }
  });
}

FakeServer::~FakeServer() {
  ending_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string FakeServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::string read_head_of(int fd) {
  std::string head;
  char c = 0;
  while (head.find("\r\n\r\n") == std::string::npos && ::recv(fd, &c, 1, 0) == 1) head += c;
  return head;
}

std::string exactly(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  return ::recv(fd, bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size) ? bytes : "";
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Event::set() {
  std::lock_guard lock(mutex_);
  set_ = true;
  changed_.notify_all();
}

bool Event::wait(std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, within, [this] { return set_; });
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

std::string url_of(const Server& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

int status_of(const std::string& answer) {
  return answer.size() > 12 && answer.substr(0, 9) == "HTTP/1.1 " ? std::atoi(answer.substr(9, 3).c_str())
                                                                  : 0;
}

std::string field_of(const std::string& answer, const std::string& name) {
  auto head = answer.substr(0, answer.find("\r\n\r\n") + 2);
  auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  at += name.size() + 4;
  return head.substr(at, head.find("\r\n", at) - at);
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

}  // namespace shilu::http::test

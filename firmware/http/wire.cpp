#include "firmware/http/wire.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace shilu::http {
namespace {

constexpr int kLingerSeconds = 5;
constexpr unsigned kDeadPeerMs = 60'000;

void tune(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kDeadPeerMs, sizeof kDeadPeerMs);
}

}  // namespace

std::string address_of(const Tcp::socket& socket) {
  error_code error;
  auto address = socket.remote_endpoint(error).address();
  if (error) return "";
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

SteadyTime seconds_from_now(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

Wire::Wire(ServerContext& context, Tcp::socket socket)
    : context_(context), socket_(std::move(socket)), peer_(address_of(socket_)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  tune(fd());
  context_.wires.insert(this);
  stopped_ = context_.stopping;
}

Wire::~Wire() {
  context_.wires.erase(this);
}

Awaitable<Woken> Wire::wait_for(Tcp::socket::wait_type what, Wait& wait, SteadyTime until) {
  if (stopped_) co_return Woken::kEnded;
  if (std::chrono::steady_clock::now() >= until) co_return Woken::kTimedOut;
  wait = {until, false};
  error_code error;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  const bool timed_out = wait.timed_out;
  wait = {};
  if (timed_out) co_return Woken::kTimedOut;
  co_return error || stopped_ ? Woken::kEnded : Woken::kReady;
}

Awaitable<Woken> Wire::readable(SteadyTime until) {
  return wait_for(Tcp::socket::wait_read, read_, until);
}

Awaitable<Woken> Wire::writable(SteadyTime until) {
  return wait_for(Tcp::socket::wait_write, write_, until);
}

void Wire::stop() {
  stopped_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Wire::close_hard() {
  const ::linger nothing{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
}

void Wire::tick(SteadyTime now) {
  read_.timed_out = now >= read_.until;
  write_.timed_out = now >= write_.until;
  if (!read_.timed_out && !write_.timed_out) return;
  error_code ignored;
  socket_.cancel(ignored);
}

ReceivedBytes receive_some(int fd, void* buffer, std::size_t size) {
  ssize_t count = 0;
  do {
    count = ::recv(fd, buffer, size, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return {Received::kBytes, static_cast<std::size_t>(count)};
  if (count == 0) return {Received::kEnd, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Received::kNothingYet, 0};
  return {Received::kBroken, 0};
}

Awaitable<void> linger(Wire& wire) {
  if (::shutdown(wire.fd(), SHUT_WR) != 0) co_return;
  const auto until = seconds_from_now(kLingerSeconds);
  while (co_await wire.readable(until) == Woken::kReady) {
    // MSG_TRUNC: TCP throws the bytes away without copying them. A burst at a time, so that others have their
    // turn.
    for (int burst = 0; burst < 16; ++burst) {
      ssize_t count = ::recv(wire.fd(), nullptr, 1u << 20, MSG_DONTWAIT | MSG_TRUNC);
      if (count > 0) continue;
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
      co_return;
    }
  }
}

}  // namespace shilu::http

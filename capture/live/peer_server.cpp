#include "capture/live/peer_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kGather = std::chrono::milliseconds(60);
constexpr std::size_t kCatchingUp = 16;  // messages; a steady source gathers about five
constexpr std::size_t kLargestBlock = 256u << 10;

}  // namespace

// One connection, and the thread that sends on it.
class PeerServer::Peer {
 public:
  Peer(UniqueFd fd, const link::Hello& hello, Backlog& backlog)
      : channel_(std::move(fd)), backlog_(backlog), sender_([this, hello] { send_all(hello); }) {}
  ~Peer() {
    backlog_.end(cursor_);
    channel_.shutdown();  // a send that the peer does not take ends here
    sender_.join();
  }
  MessageChannel& channel() { return channel_; }

 private:
  // Units come 70 times a second and are wanted once a second: sent a few at a time, they wake both processes
  // less.
  void send_all(const link::Hello& hello) {
    auto sent = channel_.send(link::encode(hello));
    while (sent) {
      const auto block = next_block();
      if (block.empty()) return;
      sent = channel_.send_all(block);
      // A peer that has much to catch up with is not kept waiting.
      if (block.size() < kCatchingUp && !backlog_.let_gather(cursor_, kGather)) return;
    }
    channel_.shutdown();  // the receiving side sees it and drops the peer
  }
  // What there is, at least one message; empty: ended.
  std::vector<Bytes> next_block() {
    std::vector<Bytes> block;
    auto message = backlog_.next(cursor_);
    for (std::size_t size = 0; message; message = backlog_.next_ready(cursor_)) {
      block.push_back(link::encode(*message));
      size += block.back().size();
      if (size > kLargestBlock) break;
    }
    return block;
  }

  MessageChannel channel_;
  Backlog& backlog_;
  Backlog::Cursor cursor_;
  std::thread sender_;  // last: it uses all of the above
};

Result<std::unique_ptr<PeerServer>> PeerServer::open(PeerServerOptions options, Backlog& backlog,
                                                     PeerWishes wishes) {
  SHILU_TRY(auto listener, listen_unix(options.socket));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail_errno(errno, "make an event descriptor");
  return std::unique_ptr<PeerServer>(
      new PeerServer(std::move(options), std::move(listener), std::move(stop), backlog, std::move(wishes)));
}

PeerServer::PeerServer(PeerServerOptions options, UniqueFd listener, UniqueFd stop, Backlog& backlog,
                       PeerWishes wishes)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      backlog_(backlog),
      wishes_(std::move(wishes)),
      alone_since_(SystemClock().monotonic()),
      thread_([this] { serve(); }) {}

PeerServer::~PeerServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written =
      ::write(stop_.get(), &one, sizeof(one));  // cannot fail below 2^64 - 1
  thread_.join();
  ::unlink(options_.socket.c_str());
}

int PeerServer::wait_ms() const {
  if (peer_) return -1;
  const auto left = options_.linger - (SystemClock().monotonic() - alone_since_);
  return static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(std::max(left, Nanoseconds(0))).count());
}

void PeerServer::serve() {
  for (;;) {
    const int peer_fd = peer_ ? peer_->channel().fd() : -1;
    std::array<pollfd, 3> entries{
        {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {peer_fd, POLLIN, 0}}};
    const int ready = ::poll(entries.data(), entries.size(), wait_ms());
    if (ready < 0 && errno != EINTR) return wishes_.end("waiting for the recorder failed");
    if (ready == 0 && !peer_) return wishes_.end("no recorder came");
    if (ready <= 0) continue;
    if (entries[0].revents != 0) return peer_.reset();
    if (entries[2].revents != 0 && !hear_peer()) return wishes_.end("the recorder said shutdown");
    if (entries[1].revents != 0) accept_peer();
  }
}

void PeerServer::accept_peer() {
  auto fd = accept_unix(listener_.get());
  if (!fd) return log_warning("a recorder could not connect: {}", fd.error().message);
  log_info("a recorder connected{}", peer_ ? " in place of another one" : "");
  peer_.reset();
  peer_ = std::make_unique<Peer>(std::move(*fd), options_.hello, backlog_);
}

void PeerServer::drop_peer() {
  peer_.reset();
  alone_since_ = SystemClock().monotonic();
}

// All that it has said by now, so that a successor who knocks already finds what was acknowledged.
bool PeerServer::hear_peer() {
  while (peer_) {
    auto bytes = peer_->channel().receive(Nanoseconds(0));
    if (!bytes && bytes.error().kind == ErrorKind::kTimedOut) return true;  // nothing, or a part of a message
    if (!bytes || !*bytes) {
      log_info("the recorder went away");
      drop_peer();
      return true;
    }
    const auto message = link::decode(**bytes);
    if (message && std::holds_alternative<link::Shutdown>(*message)) return false;
    if (!message || !obey(*message)) {
      log_warning("the recorder is dropped: {}",
                  message ? "it sent what only a capture sends" : message.error().message);
      drop_peer();
    }
  }
  return true;
}

bool PeerServer::obey(const link::Message& message) {
  if (const auto* durable = std::get_if<link::Durable>(&message)) {
    backlog_.acknowledge(*durable);
    return true;
  }
  if (!std::holds_alternative<link::NeedKey>(message)) return false;
  wishes_.key();
  return true;
}

}  // namespace shilu::live

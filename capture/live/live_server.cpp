#include "capture/live/live_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "firmware/base/log.h"

namespace shilu::live {
namespace {

constexpr std::size_t kMostViewers = 16;

}  // namespace

class LiveServer::Viewer {
 public:
  Viewer(UniqueFd fd, const link::Hello& hello, Backlog& backlog)
      : channel_(std::move(fd)),
        backlog_(backlog),
        cursor_(backlog.at_last_key()),
        sender_([this, hello] { send_all(hello); }) {}
  ~Viewer() {
    backlog_.end(cursor_);
    channel_.shutdown();  // a send that is not taken ends here
    sender_.join();
  }
  bool gone() const { return gone_; }

 private:
  void send_all(const link::Hello& hello) {
    auto sent = channel_.send(link::encode(hello));
    while (sent) {
      const auto message = backlog_.next(cursor_);
      if (!message) break;
      sent = channel_.send(link::encode(*message));
    }
    gone_ = true;
    channel_.shutdown();
  }

  MessageChannel channel_;
  Backlog& backlog_;
  Backlog::Cursor cursor_;
  std::atomic<bool> gone_ = false;
  std::thread sender_;  // last: it uses all of the above
};

Result<std::unique_ptr<LiveServer>> LiveServer::open(const std::filesystem::path& socket, link::Hello hello,
                                                     Backlog& backlog) {
  SHILU_TRY(auto listener, listen_unix(socket));
  return std::unique_ptr<LiveServer>(new LiveServer(socket, std::move(hello), std::move(listener), backlog));
}

LiveServer::LiveServer(std::filesystem::path socket, link::Hello hello, UniqueFd listener, Backlog& backlog)
    : path_(std::move(socket)),
      hello_(std::move(hello)),
      backlog_(backlog),
      listener_(std::move(listener)),
      thread_([this] { accept(); }) {}

LiveServer::~LiveServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  thread_.join();
  viewers_.clear();
  ::unlink(path_.c_str());
}

void LiveServer::accept() {
  for (;;) {
    auto fd = accept_unix(listener_.get());
    if (!fd) return;
    viewers_.remove_if([](const auto& viewer) { return viewer->gone(); });
    if (viewers_.size() >= kMostViewers) {
      log_warning("too many look on at {}", hello_.source);
      continue;
    }
    viewers_.push_back(std::make_unique<Viewer>(std::move(*fd), hello_, backlog_));
  }
}

}  // namespace shilu::live

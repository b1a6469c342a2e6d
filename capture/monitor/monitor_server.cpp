#include "capture/monitor/monitor_server.h"

#include <sys/socket.h>

#include "capture/monitor/monitor_protocol.h"

namespace shilu::monitor {
namespace {

constexpr std::size_t kMostListeners = 16;

}  // namespace

MonitorServer::MonitorServer(UniqueFd listener)
    : listener_(std::move(listener)), acceptor_([this] { accept(); }) {}

MonitorServer::~MonitorServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  acceptor_.join();
  for (const auto& listener : listeners_) end(*listener);
}

void MonitorServer::end(Listener& listener) {
  listener.outbox.close();
  listener.channel.shutdown();
  listener.speaks.join();
}

void MonitorServer::accept() {
  for (;;) {
    auto fd = accept_unix(listener_.get());
    const std::lock_guard lock(mutex_);
    if (ending_ || !fd) return;
    listeners_.remove_if([](const auto& one) {
      if (!one->outbox.closed()) return false;
      end(*one);
      return true;
    });
    if (listeners_.size() >= kMostListeners) continue;
    auto& listener = *listeners_.emplace_back(std::make_unique<Listener>(std::move(*fd)));
    listener.outbox.put(alarms_message(alarms_));
    listener.speaks = std::thread([&listener] {
      while (const auto message = listener.outbox.take()) {
        if (!listener.channel.send(*message)) break;
      }
      listener.outbox.close();
      listener.channel.shutdown();
    });
  }
}

void MonitorServer::tell(const std::string& message) {
  for (const auto& listener : listeners_) listener->outbox.put(message);
}

void MonitorServer::tell_alarms(const std::vector<Alarm>& alarms) {
  const std::lock_guard lock(mutex_);
  alarms_ = alarms;
  tell(alarms_message(alarms_));
}

void MonitorServer::tell_levels(const std::vector<TrackLevel>& levels) {
  const std::lock_guard lock(mutex_);
  tell(levels_message(levels));
}

}  // namespace shilu::monitor

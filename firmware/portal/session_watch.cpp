#include "firmware/portal/session_watch.h"

namespace shilu::portal {

SessionWatch::SessionWatch(store::DeviceStore& store, EventHub& events, Preview& preview)
    : store_(store), events_(events), preview_(preview), thread_([this] { run(); }) {}

SessionWatch::~SessionWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void SessionWatch::run() {
  std::unique_lock lock(mutex_);
  while (!woken_.wait_for(lock, kInterval, [this] { return stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void SessionWatch::look() {
  // A store that cannot be read ends nothing.
  const auto lives = [this](const std::string& token) {
    const auto session = store_.session(token);
    return !session || session->has_value();
  };
  events_.keep_only(lives);
  preview_.keep_only(lives);
}

}  // namespace shilu::portal

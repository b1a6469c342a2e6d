#pragma once
// Lets any thread wake one coroutine of the loop. Held by shared_ptr, since those who ring may outlive the
// server: after disconnect() ringing does nothing.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "firmware/http/asio.h"

namespace shilu::http {

class Doorbell : public std::enable_shared_from_this<Doorbell> {
 public:
  explicit Doorbell(asio::io_context& io) : io_(&io), timer_(std::in_place, io) {}
  void ring();                                   // thread-safe
  void run_on_loop(std::function<void()> call);  // thread-safe; not run if disconnect() comes before it
  Awaitable<void> wait_until(SteadyTime until);  // loop; returns at once if rung since the last wait
  void disconnect();                             // loop

 private:
  void wake();

  std::mutex mutex_;
  asio::io_context* io_;                     // guarded by mutex_; null: disconnected
  bool rung_ = false;                        // guarded by mutex_
  std::optional<asio::steady_timer> timer_;  // loop only
};

// A coroutine that runs beside its owner, which must join it before it goes. Loop only.
class Companion {
 public:
  void start(asio::io_context& io, Awaitable<void> body);
  Awaitable<void> join();

 private:
  std::shared_ptr<Doorbell> ended_;
  std::shared_ptr<bool> done_;
};

}  // namespace shilu::http

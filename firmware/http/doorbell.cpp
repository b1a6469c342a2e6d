#include "firmware/http/doorbell.h"

namespace shilu::http {

void Doorbell::ring() {
  std::lock_guard lock(mutex_);
  if (!io_ || rung_) return;
  rung_ = true;
  asio::post(*io_, [self = shared_from_this()] { self->wake(); });
}

void Doorbell::run_on_loop(std::function<void()> call) {
  std::lock_guard lock(mutex_);
  if (!io_) return;
  asio::post(*io_, [self = shared_from_this(), call = std::move(call)] {
    if (self->timer_) call();
  });
}

void Doorbell::wake() {
  if (timer_) timer_->cancel();
}

Awaitable<void> Doorbell::wait_until(SteadyTime until) {
  timer_->expires_at(until);
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(rung_, false)) co_return;
  }
  error_code ignored;
  co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  std::lock_guard lock(mutex_);
  rung_ = false;
}

void Doorbell::disconnect() {
  std::lock_guard lock(mutex_);
  io_ = nullptr;
  timer_.reset();
}

void Companion::start(asio::io_context& io, Awaitable<void> body) {
  ended_ = std::make_shared<Doorbell>(io);
  done_ = std::make_shared<bool>(false);
  asio::co_spawn(io, std::move(body), [ended = ended_, done = done_](std::exception_ptr) {
    *done = true;
    ended->ring();
  });
}

Awaitable<void> Companion::join() {
  while (!*done_) co_await ended_->wait_until(SteadyTime::max());
  ended_->disconnect();
}

}  // namespace shilu::http

#include "firmware/http/socket_queue.h"

namespace shilu::http {

bool SocketQueue::add(OutMessage message) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kOpen) return false;
  queued_bytes_ += message.size();
  if (queued_bytes_ > kMaxQueued) {
    state_ = State::kDropped;
    waiting_.clear();
    bell_->run_on_loop(cut_);
  } else {
    waiting_.push_back(std::move(message));
  }
  bell_->ring();
  return state_ == State::kOpen;
}

bool SocketQueue::send_binary(std::shared_ptr<const Bytes> message) {
  return message ? add({std::move(message), {}}) : false;
}

bool SocketQueue::send_text(std::string message) {
  return add({nullptr, std::move(message)});
}

std::size_t SocketQueue::queued_bytes() const {
  std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void SocketQueue::close() {
  std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kClosing;
  bell_->ring();
}

SocketQueue::State SocketQueue::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

std::optional<OutMessage> SocketQueue::take() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  auto message = std::move(waiting_.front());
  waiting_.pop_front();
  return message;
}

void SocketQueue::sent(std::size_t size) {
  std::lock_guard lock(mutex_);
  queued_bytes_ -= size;
}

void SocketQueue::drop() {
  std::lock_guard lock(mutex_);
  state_ = State::kDropped;
  waiting_.clear();
}

}  // namespace shilu::http

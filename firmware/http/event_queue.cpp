#include "firmware/http/event_queue.h"

#include <algorithm>

namespace shilu::http {
namespace {

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(name).append(": ");
  std::copy_if(value.begin(), value.end(), std::back_inserter(out),
               [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  out += '\n';
}

}  // namespace

std::string format_event(std::string_view event, std::string_view data, std::string_view id) {
  std::string out;
  add_field(out, "event", event);
  add_field(out, "id", id);
  for (bool more = true; more;) {
    auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    more = end != std::string_view::npos;
    if (more) data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return out += '\n';
}

bool EventQueue::send(std::string_view event, std::string_view data, std::string_view id) {
  auto text = format_event(event, data, id);
  std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (waiting_.size() + in_flight_ + text.size() > kMaxBehind) {
    waiting_.clear();
    closed_ = true;
    bell_->run_on_loop(cut_);
  } else {
    waiting_ += text;
  }
  bell_->ring();
  return !closed_;
}

void EventQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  bell_->ring();
}

std::string EventQueue::take() {
  std::lock_guard lock(mutex_);
  in_flight_ = waiting_.size();
  return std::exchange(waiting_, {});
}

void EventQueue::sent() {
  std::lock_guard lock(mutex_);
  in_flight_ = 0;
}

void EventQueue::add_comment() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) waiting_ = ":\n\n";
}

bool EventQueue::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

void EventQueue::drop() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
}

}  // namespace shilu::http

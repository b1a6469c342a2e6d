#include "firmware/portal/event_hub.h"

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu::portal {

void EventHub::add(std::shared_ptr<http::EventSink> sink, std::string teacher) {
  const std::lock_guard lock(mutex_);
  if (!last_state_.empty()) sink->send("state", last_state_);
  listeners_.push_back({std::move(sink), std::move(teacher)});
}

// EventSink::send never blocks, so holding the lock is short.
template <typename Wanted>
void EventHub::send(std::string_view event, const Json& data, Wanted wanted) {
  const std::string text = canonical_json(data);
  const std::lock_guard lock(mutex_);
  if (event == "state") last_state_ = text;
  std::erase_if(listeners_,
                [&](Listener& listener) { return wanted(listener) && !listener.sink->send(event, text); });
}

void EventHub::publish(std::string_view event, const Json& data) {
  send(event, data, [](const Listener&) { return true; });
}

void EventHub::publish_to(std::string_view teacher, std::string_view event, const Json& data) {
  send(event, data, [&](const Listener& listener) { return listener.teacher == teacher; });
}

std::size_t EventHub::listeners() {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

void EventHub::close() {
  const std::lock_guard lock(mutex_);
  for (Listener& listener : listeners_) listener.sink->close();
  listeners_.clear();
}

}  // namespace shilu::portal

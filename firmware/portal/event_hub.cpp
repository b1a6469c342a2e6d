#include "firmware/portal/event_hub.h"

#include <algorithm>
#include <set>

#include "firmware/base/json_io.h"

namespace shilu::portal {

std::size_t EventHub::anonymous() {
  std::erase_if(listeners_, [](const Listener& listener) { return listener.sink->closed(); });
  return static_cast<std::size_t>(std::count_if(listeners_.begin(), listeners_.end(),
                                                [](const Listener& one) { return one.who.session.empty(); }));
}

bool EventHub::has_room_for_anonymous() {
  const std::lock_guard lock(mutex_);
  return anonymous() < kMostAnonymous;
}

void EventHub::add(std::shared_ptr<http::EventSink> sink, Listening who) {
  const std::lock_guard lock(mutex_);
  if (anonymous() >= kMostAnonymous && who.session.empty()) return sink->close();
  if (!last_state_.empty()) sink->send("state", last_state_);
  listeners_.push_back({std::move(sink), std::move(who)});
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
  send(event, data, [&](const Listener& listener) { return listener.who.teacher == teacher; });
}

// Asked outside the lock: it looks into the store.
void EventHub::keep_only(const std::function<bool(const std::string& session)>& lives) {
  std::set<std::string> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const Listener& listener : listeners_) sessions.insert(listener.who.session);
  }
  sessions.erase("");
  std::erase_if(sessions, lives);
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [&](Listener& listener) {
    const bool ended = sessions.contains(listener.who.session);
    if (ended) listener.sink->close();
    return ended;
  });
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

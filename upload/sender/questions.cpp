#include "upload/sender/questions.h"

#include <algorithm>

namespace shilu::sender {
namespace {

constexpr int kShare = 10;  // of the time that was waited
constexpr Nanoseconds kRarest = std::chrono::minutes(10);

}  // namespace

Nanoseconds Questions::ask(const std::string& id, Nanoseconds least, MonotonicTime now) {
  Patience& patience = asked_.try_emplace(id, Patience{now, now}).first->second;
  const Nanoseconds wait =
      std::clamp<Nanoseconds>((now - patience.since) / kShare, least, std::max(least, kRarest));
  patience.next = now + wait;
  return wait;
}

bool Questions::is_due(const std::string& id, MonotonicTime now) const {
  const auto asked = asked_.find(id);
  return asked == asked_.end() || now >= asked->second.next;
}

Nanoseconds Questions::waited(const std::string& id, MonotonicTime now) const {
  const auto asked = asked_.find(id);
  return asked == asked_.end() ? Nanoseconds(0) : now - asked->second.since;
}

std::optional<MonotonicTime> Questions::next() const {
  std::optional<MonotonicTime> next;
  for (const auto& [id, patience] : asked_) next = std::min(next.value_or(patience.next), patience.next);
  return next;
}

void Questions::forget_all_but(const std::set<std::string>& ids) {
  std::erase_if(asked_, [&](const auto& entry) { return !ids.contains(entry.first); });
}

void Questions::begin_anew(MonotonicTime now) {
  for (auto& [id, patience] : asked_) patience = {now, now};
}

}  // namespace shilu::sender

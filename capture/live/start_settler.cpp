#include "capture/live/start_settler.h"

#include <iterator>

namespace shilu::live {
namespace {

constexpr Nanoseconds kJump = std::chrono::seconds(1);  // of the sender's clock; B-pictures go back by less

}  // namespace

bool StartSettler::is_good(Nanoseconds span, bool aligned, MonotonicTime now) const {
  const bool waited = now - *first_arrival_ >= times_.patience;
  return waited || held_bytes_ > kMostHeld || span >= (aligned ? times_.window : times_.patience);
}

std::vector<link::AccessUnit> StartSettler::add(link::AccessUnit unit, Nanoseconds sender, bool aligned,
                                                MonotonicTime now) {
  std::vector<link::AccessUnit> ready;
  if (settled_) {
    ready.push_back(std::move(unit));
    return ready;
  }
  if (!first_arrival_) first_arrival_ = now;
  if (!held_.empty() && std::chrono::abs(sender - held_.back().sender) > kJump) ready = release();
  held_bytes_ += unit.data.size();
  held_.push_back({std::move(unit), sender});
  if (is_good(sender - held_.front().sender, aligned, now)) {
    auto rest = finish();
    ready.insert(ready.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  }
  return ready;
}

std::vector<link::AccessUnit> StartSettler::finish() {
  settled_ = true;
  return release();
}

std::vector<link::AccessUnit> StartSettler::release() {
  std::vector<link::AccessUnit> units;
  if (held_.empty()) return units;
  const auto anchor = held_.back().unit.presentation_time;
  const auto anchor_sender = held_.back().sender;
  for (auto& [unit, sender] : held_) {
    unit.presentation_time = anchor + (sender - anchor_sender);
    units.push_back(std::move(unit));
  }
  held_.clear();
  held_bytes_ = 0;
  return units;
}

}  // namespace shilu::live

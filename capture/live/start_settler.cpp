#include "capture/live/start_settler.h"

namespace shilu::live {

std::vector<link::AccessUnit> StartSettler::add(link::AccessUnit unit, Nanoseconds sender, bool aligned) {
  if (settled_) {
    std::vector<link::AccessUnit> one;
    one.push_back(std::move(unit));
    return one;
  }
  held_.push_back({std::move(unit), sender});
  const auto span = sender - held_.front().sender;
  const bool good = span >= (aligned ? times_.window : times_.patience);
  return good ? finish() : std::vector<link::AccessUnit>{};
}

std::vector<link::AccessUnit> StartSettler::finish() {
  settled_ = true;
  std::vector<link::AccessUnit> units;
  if (held_.empty()) return units;
  const auto anchor = held_.back().unit.presentation_time;
  const auto anchor_sender = held_.back().sender;
  for (auto& [unit, sender] : held_) {
    unit.presentation_time = anchor + (sender - anchor_sender);
    units.push_back(std::move(unit));
  }
  held_.clear();
  return units;
}

}  // namespace shilu::live

#include "capture/recorder/pre_roll.h"

#include <algorithm>
#include <utility>

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kLate = std::chrono::seconds(4);   // kLeadIn and what a source may come late by
constexpr Nanoseconds kHeld = std::chrono::seconds(30);  // while a lesson is being made

}  // namespace

void PreRoll::keep(Nanoseconds length) {
  keep_ = length;
  trim();
}

Nanoseconds PreRoll::limit() const {
  return keep_ + (holding_ ? kHeld : Nanoseconds(0));
}

Nanoseconds PreRoll::length() const {
  return units_.empty() ? Nanoseconds(0) : units_.back().decode_time - units_.front().decode_time;
}

void PreRoll::drop(std::size_t count) {
  for (; count > 0; --count) {
    bytes_ -= units_.front().data.size();
    units_.pop_front();
  }
}

void PreRoll::clear() {
  units_.clear();
  bytes_ = 0;
  holding_ = false;
}

// How many units at the front go together: sound one by one, pictures with their IDR, without which they are
// nothing.
std::size_t PreRoll::front_group() const {
  if (kind_ == MediaKind::kAudio) return 1;
  const auto next =
      std::find_if(units_.begin() + 1, units_.end(), [](const auto& unit) { return unit.sync; });
  return static_cast<std::size_t>(next - units_.begin());
}

// Pictures: what comes behind the group reaches back far enough without it, or it is all there is and lies
// too far back.
bool PreRoll::front_is_old(MonotonicTime newest) const {
  if (kind_ == MediaKind::kAudio) return newest - units_.front().decode_time > std::max(limit(), kLate);
  const auto next = front_group();
  if (next < units_.size()) return newest - units_[next].decode_time >= limit();
  return newest - units_.front().decode_time > limit() + kLate;
}

void PreRoll::trim() {
  while (!units_.empty()) {
    if (bytes_ <= kPreRollBytes && !front_is_old(units_.back().decode_time)) return;
    drop(front_group());
  }
}

void PreRoll::add(link::AccessUnit unit) {
  newest_ = unit.number;
  // Behind lost pictures nothing leans on what was before them; armed, the builder of the track makes a gap
  // of it.
  if (kind_ == MediaKind::kVideo && unit.discontinuity && limit() == Nanoseconds(0)) clear();
  if (kind_ == MediaKind::kVideo && units_.empty() && !unit.sync) return;
  bytes_ += unit.data.size();
  units_.push_back(std::move(unit));
  trim();
}

std::optional<std::uint64_t> PreRoll::forgotten() const {
  const auto kept_from = units_.empty() ? newest_ + 1 : units_.front().number;
  return kept_from > 1 ? std::optional(kept_from - 1) : std::nullopt;
}

std::deque<link::AccessUnit> PreRoll::take(MonotonicTime start, Nanoseconds back) {
  bytes_ = 0;
  holding_ = false;
  keep_ = Nanoseconds(0);
  auto units = std::exchange(units_, {});
  if (kind_ == MediaKind::kAudio) return units;
  const auto usable = [&](const link::AccessUnit& unit) {
    return unit.sync && start - unit.decode_time <= std::max(back, kLeadIn);
  };
  units.erase(units.begin(), std::find_if(units.begin(), units.end(), usable));
  return units;
}

}  // namespace shilu::recorder

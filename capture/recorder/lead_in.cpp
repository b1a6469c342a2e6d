#include "capture/recorder/lead_in.h"

#include <algorithm>
#include <utility>

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kKept = std::chrono::seconds(4);  // kLeadIn and what a source may come late by
constexpr Nanoseconds kHeld = std::chrono::seconds(30);
constexpr std::uint64_t kMaxBytes = 32u << 20;

}  // namespace

void LeadIn::drop_front() {
  bytes_ -= units_.front().data.size();
  units_.pop_front();
}

void LeadIn::clear() {
  units_.clear();
  bytes_ = 0;
  holding_ = false;
}

std::optional<std::uint64_t> LeadIn::add(link::AccessUnit unit) {
  const auto number = unit.number;
  if (kind_ == MediaKind::kVideo && !holding_ && (unit.sync || unit.discontinuity)) clear();
  const bool useless = kind_ == MediaKind::kVideo && units_.empty() && !unit.sync;
  if (!useless) {
    bytes_ += unit.data.size();
    units_.push_back(std::move(unit));
    const auto newest = units_.back().decode_time;
    const auto longest = holding_ ? kHeld : kKept;
    while (!units_.empty() && (newest - units_.front().decode_time > longest || bytes_ > kMaxBytes)) {
      // Pictures without their IDR are nothing.
      if (kind_ == MediaKind::kVideo) {
        clear();
      } else {
        drop_front();
      }
    }
  }
  const auto kept_from = units_.empty() ? number + 1 : units_.front().number;
  return kept_from > 1 ? std::optional(kept_from - 1) : std::nullopt;
}

std::deque<link::AccessUnit> LeadIn::take(MonotonicTime start) {
  bytes_ = 0;
  holding_ = false;
  auto units = std::exchange(units_, {});
  if (kind_ == MediaKind::kAudio) return units;
  const auto usable = [&](const link::AccessUnit& unit) { return unit.sync && start - unit.decode_time <= kLeadIn; };
  units.erase(units.begin(), std::find_if(units.begin(), units.end(), usable));
  return units;
}

}  // namespace shilu::recorder

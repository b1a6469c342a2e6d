#include "upload/evidence/declared_gaps.h"

#include <fmt/format.h>

#include <algorithm>

namespace shilu::evidence {

DeclaredGaps::DeclaredGaps(std::span<const journal::GapEvent> gaps, std::string_view track) {
  std::copy_if(gaps.begin(), gaps.end(), std::back_inserter(gaps_),
               [&](const journal::GapEvent& gap) { return gap.track == track; });
  std::stable_sort(gaps_.begin(), gaps_.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  for (const auto& gap : gaps_)
    reached_.push_back(reached_.empty() ? gap.to : std::max(reached_.back(), gap.to));
}

bool DeclaredGaps::cover(LessonTime from, LessonTime to, Nanoseconds slack) const {
  LessonTime covered = from;
  auto i = static_cast<std::size_t>(std::upper_bound(reached_.begin(), reached_.end(), from) - reached_.begin());
  for (; i < gaps_.size() && gaps_[i].from <= covered + slack && covered + slack < to; ++i)
    covered = std::max(covered, gaps_[i].to);
  return covered + slack >= to;
}

std::vector<std::string> DeclaredGaps::inside(TimeRange range, Nanoseconds slack) const {
  std::vector<std::string> pieces;
  for (const journal::GapEvent& gap : gaps_) {
    const LessonTime from = std::max(gap.from, range.from);
    const LessonTime to = std::min(gap.to, range.to);
    if (to - from <= slack) continue;
    pieces.push_back(
        fmt::format("{} {:.3f} s to {:.3f} s ({})", gap.track, from.seconds(), to.seconds(), gap.reason));
  }
  return pieces;
}

}  // namespace shilu::evidence

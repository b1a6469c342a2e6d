#pragma once
// The gaps that a recording declares for one track, joined where they touch.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/journal/record.h"

namespace shilu::evidence {

class DeclaredGaps {
 public:
  // Those of `track`, by name.
  DeclaredGaps(std::span<const journal::GapEvent> gaps, std::string_view track);

  // Is all of [from, to) declared to be missing, to within `slack` at both ends?
  bool cover(LessonTime from, LessonTime to, Nanoseconds slack) const;
  // The declared pieces inside `range`, for people: "room.video 3.200 s to 5.000 s (source-lost)". Pieces not
  // longer than `slack` are none.
  std::vector<std::string> inside(TimeRange range, Nanoseconds slack) const;

 private:
  std::vector<journal::GapEvent> gaps_;  // by time
  std::vector<LessonTime> reached_;      // parallel: how far they reach up to there
};

}  // namespace shilu::evidence

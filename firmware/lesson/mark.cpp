#include "firmware/lesson/mark.h"

#include <algorithm>

namespace shilu {

TimeRange Mark::range(Nanoseconds lesson_duration) const {
  const LessonTime end{std::max<std::int64_t>(lesson_duration.count(), 0)};
  const auto inside = [&](LessonTime time) { return std::clamp(time, LessonTime{0}, end); };
  const auto look = [](Nanoseconds wanted) { return std::clamp(wanted, Nanoseconds(0), kMaxLook); };
  // The press is brought inside first: a tap stamped just after the stop still gets its look back.
  const auto press = inside(at);
  return {inside(press - look(look_back)), inside(press + look(look_ahead))};
}

}  // namespace shilu

#pragma once
// Looks at the key pictures of a track as they come: black, or always the same one. Thread-bound.

#include <deque>
#include <optional>

#include "capture/media/small_picture.h"
#include "firmware/base/clock.h"
#include "firmware/lesson/lesson_time.h"

namespace shilu::media {

class PictureWatch {
 public:
  // `at`: rising. A step of over 5 s is a gap, behind which nothing follows what came before, unless it is
  // like the step before it: then the camera's key pictures lie so far apart (up to 20 s).
  void add(const SmallPicture& picture, LessonTime at);
  bool black() const;  // for 3 s or more
  // The same picture for 5 s or more. Of a picture that stands still a camera's encoder makes a few versions,
  // as its rate control wanders, and comes back to one of them bit by bit; noise of a working sensor never
  // does. A screen or a drawing may well stand still, so ask this of cameras only.
  bool frozen() const;

 private:
  bool is_gap(Nanoseconds step) const;

  std::deque<SmallPicture> alike_;  // the newest, and those before it that differ from their next by little
  LessonTime last_at_;
  Nanoseconds usual_step_{0};
  std::optional<LessonTime> black_since_;
  LessonTime alike_since_;
  bool repeated_ = false;  // among them is one that was there before
};

}  // namespace shilu::media

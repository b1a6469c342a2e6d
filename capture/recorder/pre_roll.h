#pragma once
// The newest units of a track while no lesson runs, so that one can begin with what was before the press. In
// memory only, whole groups of pictures, bounded in time and bytes. Two lengths: disarmed, the last IDR and 4
// s of sound, so that there is a picture at the press; armed (somebody has the start card before him and the
// light is on), up to 30 s. Thread-bound.

#include <deque>
#include <optional>

#include "capture/link/link.h"

namespace shilu::recorder {

inline constexpr Nanoseconds kLeadIn =
    std::chrono::milliseconds(1900);  // a fragment that begins there reaches past 0
inline constexpr Nanoseconds kPreRoll = std::chrono::seconds(30);
inline constexpr std::uint64_t kPreRollBytes = 32u << 20;  // per track

class PreRoll {
 public:
  explicit PreRoll(MediaKind kind) : kind_(kind) {}

  // How far back units are kept from now on; 0: disarmed. What is older goes at once.
  void keep(Nanoseconds length);
  void add(link::AccessUnit unit);
  bool ready() const { return !units_.empty(); }
  Nanoseconds length() const;  // of what is kept
  std::uint64_t bytes() const { return bytes_; }
  // The number of the newest unit that is not kept (any more): the capture may forget it too.
  std::optional<std::uint64_t> forgotten() const;

  // What a lesson beginning at `start` may use, oldest first, from at most `back` before it; nothing is kept
  // afterwards. Pictures begin with an IDR; where the last one lies too far back there are none: the next IDR
  // is near.
  std::deque<link::AccessUnit> take(MonotonicTime start, Nanoseconds back);
  void clear();
  // A lesson is being made: nothing is let go until take() or clear().
  void hold() { holding_ = true; }
  void release() {
    holding_ = false;
    trim();
  }

 private:
  Nanoseconds limit() const;
  std::size_t front_group() const;
  bool front_is_old(MonotonicTime newest) const;
  void drop(std::size_t count);
  void trim();

  MediaKind kind_;
  Nanoseconds keep_{0};
  std::deque<link::AccessUnit> units_;
  std::uint64_t bytes_ = 0;
  std::uint64_t newest_ = 0;  // number of the last unit that came
  bool holding_ = false;
};

}  // namespace shilu::recorder

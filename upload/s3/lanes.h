#pragma once
// How many parts of an upload are on the line at a time: one, and up to `most`. Pure: time comes from the caller.
//
// One where the line is slow. One connection fills a slow line; several would only take a larger share of it
// from the lessons beside, and each of them has a part of 8 MiB to lose when it is cut. What they win is the
// time in which the store digests a part and the answer travels, and that shows only where a part takes
// little longer than that. So: one more once a part takes less than four seconds (2 MiB/s), kept only if
// everything together went a tenth faster, and one again as soon as the line is slow, held back by a limit,
// or breaks. A line that is far away and fast is the same case: its answers travel long.

#include <chrono>
#include <cstdint>

namespace shilu::s3 {

class Lanes {
 public:
  static constexpr int kMost = 4;
  // `most`: 1 where no more than one part may have to be sent again after a kill.
  explicit Lanes(int most = kMost) : most_(most) {}
  using Time = std::chrono::steady_clock::time_point;
  int at_once() const { return at_once_; }
  void on_begin(Time now);  // an upload begins, or goes on
  void on_part(Time now, std::uint64_t bytes);
  void on_failure(Time now);

 private:
  void judge(double bytes_per_s);
  void look_anew(Time now);
  void back_to_one();

  int most_;
  int at_once_ = 1;
  bool settled_ = false;    // one more was tried, and brought nothing
  double rate_before_ = 0;  // with one less, bytes per second
  // Since the number was changed or confirmed:
  Time since_{};
  int parts_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace shilu::s3

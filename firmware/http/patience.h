#pragma once
// How long a silent peer is waited for. Short at first, because a new connection is cheap; longer each time
// that a connection brought nothing at all, because then the line may just be slow. Pure.

#include <algorithm>
#include <chrono>

namespace shilu::http {

class Patience {
 public:
  Patience(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(std::min(first, longest)), longest_(longest), now_(first_) {}
  std::chrono::milliseconds silence() const { return now_; }
  void on_progress() { now_ = first_; }
  void on_nothing() { now_ = std::min(now_ * 2, longest_); }

 private:
  std::chrono::milliseconds first_, longest_, now_;
};

}  // namespace shilu::http

#include "upload/sender/courtesy.h"

#include <algorithm>

namespace shilu::sender {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kTarget = 100ms;
constexpr Nanoseconds kWindow = 500ms;
constexpr std::size_t kBaseMinutes = 10;
// Per window. Alone on a line with a deep queue these two keep 95 % of it and a queue of 70 ms
// (courtesy_test.cpp).
constexpr double kDecrease = 0.10;    // at twice the target and beyond
constexpr double kIncrease = 0.05;    // with no queue at all: doubles in 7 s
constexpr double kLeast = 16 * 1024;  // an upload must end some day, even on a line that is always full
constexpr double kLeastShare = 0.05;

}  // namespace

void Courtesy::on_new_connection() {
  window_begin_.reset();
}

void Courtesy::remember_base(MonotonicTime at, Nanoseconds round_trip) {
  if (minutes_.empty() || at - minutes_.back().begin >= 1min) minutes_.push_back({at, round_trip});
  minutes_.back().least = std::min(minutes_.back().least, round_trip);
  while (minutes_.size() > kBaseMinutes) minutes_.pop_front();
}

Nanoseconds Courtesy::base() const {
  return std::min_element(minutes_.begin(), minutes_.end(),
                          [](const Minute& a, const Minute& b) { return a.least < b.least; })
      ->least;
}

void Courtesy::on_sample(MonotonicTime at, Nanoseconds round_trip, std::uint64_t acked_bytes) {
  if (round_trip <= Nanoseconds(0)) return;
  remember_base(at, round_trip);
  if (!window_begin_ || acked_bytes < window_acked_) {
    window_begin_ = at;
    window_acked_ = acked_bytes;
    window_least_ = round_trip;
    return;
  }
  window_least_ = std::min(window_least_, round_trip);
  if (at - *window_begin_ >= kWindow) close_window(at, acked_bytes);
}

void Courtesy::close_window(MonotonicTime at, std::uint64_t acked_bytes) {
  const double seconds = std::chrono::duration<double>(at - *window_begin_).count();
  const double rate = static_cast<double>(acked_bytes - window_acked_) / seconds;
  queueing_ = window_least_ - base();
  best_rate_ = std::max(best_rate_, rate);
  const double least = std::max(kLeast, best_rate_ * kLeastShare);
  // +1: no queue; 0: at the target; -1: twice the target and beyond.
  const double room = std::clamp(
      1.0 - std::chrono::duration<double>(queueing_).count() / std::chrono::duration<double>(kTarget).count(),
      -1.0, 1.0);
  if (room < 0) {
    limit_ = std::max(least, std::min(limit_.value_or(rate), std::max(rate, least)) * (1 + kDecrease * room));
  } else if (limit_ && room > 0) {
    *limit_ *= 1 + kIncrease * room;
    // Something else holds the upload back by far: this limit says nothing any more.
    if (*limit_ > 2 * best_rate_) limit_.reset();
  }
  window_begin_ = at;
  window_acked_ = acked_bytes;
  window_least_ = Nanoseconds::max();
}

std::optional<std::uint64_t> Courtesy::limit() const {
  if (!limit_) return std::nullopt;
  return static_cast<std::uint64_t>(*limit_);
}

}  // namespace shilu::sender

#pragma once
// Gives way to others on the line, by delay: when packets take longer than they need, somebody's queue is
// filling. The idea and the numbers of the target are LEDBAT's (RFC 6817: at most 100 ms of queueing delay, a
// base delay of the last 10 minutes); the means is a rate, since TCP below us has its own window. Pure: time
// comes from the samples.

#include <cstdint>
#include <deque>
#include <optional>

#include "firmware/base/clock.h"

namespace shilu::sender {

class Courtesy {
 public:
  // The round trip now, and the bytes acknowledged so far (of anything that only grows).
  void on_sample(MonotonicTime at, Nanoseconds round_trip, std::uint64_t acked_bytes);
  // Another connection: its counter begins anew, what is known of the line stays.
  void on_new_connection();
  std::optional<std::uint64_t> limit() const;         // bytes per second; nullopt: nobody is in the way
  Nanoseconds queueing() const { return queueing_; }  // of the last window

 private:
  void close_window(MonotonicTime at, std::uint64_t acked_bytes);
  void remember_base(MonotonicTime at, Nanoseconds round_trip);
  Nanoseconds base() const;

  struct Minute {
    MonotonicTime begin;
    Nanoseconds least;
  };
  std::deque<Minute> minutes_;
  std::optional<MonotonicTime> window_begin_;
  std::uint64_t window_acked_ = 0;
  Nanoseconds window_least_{0};
  Nanoseconds queueing_{0};
  double best_rate_ = 0;  // what the line gave at its best, bytes per second
  std::optional<double> limit_;
};

}  // namespace shilu::sender

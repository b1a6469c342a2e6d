#pragma once
// One direction of a bad line: rate, delay, jitter, loss, a queue with tail drop, outages. Pure: time and
// packets come from the caller. A packet never overtakes an earlier one. Thread-bound.

#include <cstdint>
#include <deque>
#include <optional>
#include <random>

#include "firmware/base/bytes.h"
#include "firmware/base/clock.h"

namespace shilu::net {

struct LineConditions {
  std::int64_t rate_bps = 0;            // of IP packets; 0: endless
  Nanoseconds delay{0};                 // behind the queue
  Nanoseconds jitter{0};                // added to the delay: between -jitter and +jitter, evenly spread
  double loss = 0;                      // 0 to 1, each packet by itself
  std::size_t queue_bytes = 256 << 10;  // what waits for the rate; more is dropped at the tail
};

struct LineCounters {
  std::uint64_t packets = 0;  // that came in, whatever became of them
  std::uint64_t bytes = 0;    // IP
  std::uint64_t tcp_payload =
      0;                   // bytes behind the TCP headers: what the sender's kernel sent, repeats included
  std::uint64_t lost = 0;  // packets, by chance
  std::uint64_t overflowed = 0;  // packets, at the tail of the queue
  std::uint64_t cut = 0;         // packets, in an outage
};

class Line {
 public:
  Line(LineConditions conditions, std::uint64_t seed) : conditions_(conditions), random_(seed) {}

  void offer(MonotonicTime now, Bytes packet);
  std::optional<Bytes> take_due(MonotonicTime now);
  std::optional<MonotonicTime> next_due() const;
  // What comes while the line is out is gone; what is on its way still arrives.
  void set_out(bool out) { out_ = out; }
  const LineCounters& counters() const { return counters_; }

 private:
  struct Travelling {
    MonotonicTime arrives;
    Bytes packet;
  };
  bool survives(MonotonicTime now, std::size_t size);
  MonotonicTime arrival(MonotonicTime departs);

  const LineConditions conditions_;
  std::mt19937_64 random_;
  LineCounters counters_;
  std::deque<Travelling> travelling_;
  MonotonicTime free_at_{};  // when the last bit of what was taken has left
  bool out_ = false;
};

// The length of what a TCP segment carries; 0 for anything else. IPv4 (RFC 791) and IPv6 without extension
// headers (RFC 8200).
std::size_t tcp_payload_size(ByteView packet);

}  // namespace shilu::net

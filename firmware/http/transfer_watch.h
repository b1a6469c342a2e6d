#pragma once
// Decides when a request has waited long enough. libcurl's own timers see bytes given to the kernel; these
// see bytes that the peer acknowledged. Pure: time comes from the caller.

#include <chrono>
#include <cstdint>
#include <optional>

namespace shilu::http {

class TransferWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    std::chrono::milliseconds stall;  // without one more byte acknowledged
    std::chrono::milliseconds
        answer;  // from the last byte acknowledged to the answer's head; then per KiB of body
    std::uint64_t body_size = 0;
    std::chrono::milliseconds silence{
        0};  // without a sign of the peer while data is under way; 0: not judged
  };
  // What the kernel says about the connection.
  struct Line {
    bool under_way = false;              // something sent is not acknowledged
    std::chrono::milliseconds heard{0};  // since the peer's last sign
    std::chrono::milliseconds rto{0};    // retransmission timeout, before any backoff
  };
  explicit TransferWatch(Limits limits) : limits_(limits) {}

  void on_started(Time now);      // the connection stands, the request goes out
  void on_source_read(Time now);  // the time that the body's source took is not the peer's
  void on_rewound();              // the body is sent again from its beginning, on another connection
  void on_head(Time now);
  void on_sample(Time now, std::uint64_t acked, std::uint64_t received);
  void on_line(Time now, const Line& line);
  void on_held_back(Time now);  // our own limit holds the body back; that is not the peer's either

  enum class Verdict { kGoOn, kStalled, kSilent, kNoAnswer, kTrickle };
  Verdict verdict(Time now) const;
  std::uint64_t acked() const { return acked_; }

 private:
  static constexpr std::uint64_t kLeastBodyPerWindow = 1024;
  // A connection without data is probed by keepalive after 2 s and then each second (socket_table.cpp).
  static constexpr std::chrono::milliseconds kProbes{4'000};
  static constexpr int kRtos = 4;

  bool is_silent(Time now) const;

  Limits limits_;
  std::optional<Time> started_;
  std::optional<Time> all_acked_;
  std::optional<Time> head_;
  Time last_move_{};
  Time last_sign_{};  // of the peer, or when there was nothing that it could have answered
  bool under_way_ = false;
  std::chrono::milliseconds rto_{0};
  Time window_begin_{};
  std::uint64_t window_received_ = 0;
  std::uint64_t acked_ = 0;
};

}  // namespace shilu::http

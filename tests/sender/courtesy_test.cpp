// A line as a simulation: 2 MB/s, 20 ms there and back, and a queue that everybody fills.

#include "upload/sender/courtesy.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;

namespace {

constexpr double kCapacity = 2e6;  // bytes per second
constexpr double kDeepest_s = 1.0;

class Line {
 public:
  // Runs for `time`; we send what the limit lets us (else all we can), the others `others` bytes per second.
  void run(Nanoseconds time, double others) {
    for (const auto end = now_ + time; now_ < end;) {
      constexpr double kStep = 0.1;
      const auto limit = courtesy.limit();
      // Without a limit of its own, TCP fills whatever queue there is.
      const double ours = limit ? static_cast<double>(*limit) : 4 * kCapacity;
      queue_s_ = std::clamp(queue_s_ + (ours + others - kCapacity) / kCapacity * kStep, 0.0, kDeepest_s);
      const double share = ours + others > kCapacity ? kCapacity * ours / (ours + others) : ours;
      acked_ += share * kStep;
      now_ = now_ + 100ms;
      courtesy.on_sample(now_, Nanoseconds(static_cast<std::int64_t>((0.020 + queue_s_) * 1e9)),
                         static_cast<std::uint64_t>(acked_));
    }
  }
  double rate_over(Nanoseconds time, double others) {
    const double before = acked_;
    run(time, others);
    return (acked_ - before) / std::chrono::duration<double>(time).count();
  }
  double queue_s() const { return queue_s_; }
  Courtesy courtesy;

 private:
  MonotonicTime now_{1'000'000'000};
  double queue_s_ = 0;
  double acked_ = 0;
};

}  // namespace

TEST_CASE("alone on the line the upload uses it, without a queue of a second") {
  Line line;
  line.run(500ms, 0);
  line.run(30s, 0);
  CHECK(line.rate_over(60s, 0) > 0.93 * kCapacity);
  CHECK(line.queue_s() < 0.3);
}

TEST_CASE("when a lesson needs most of the line, the upload gives way; when it ends, it comes back") {
  Line line;
  line.run(30s, 0);
  line.run(30s, 1.6e6);  // 80 % of the line
  CHECK(line.rate_over(60s, 1.6e6) < 0.35 * kCapacity);
  line.run(30s, 0);
  CHECK(line.rate_over(60s, 0) > 0.8 * kCapacity);
}

TEST_CASE("on a line that is always full the upload still gets on") {
  Line line;
  line.run(30s, 0);
  CHECK(line.rate_over(5min, 10e6) > 1000);
  REQUIRE(line.courtesy.limit());
  CHECK(*line.courtesy.limit() >= 16 * 1024);
}

TEST_CASE("a line whose delay does not grow is never limited") {
  Courtesy courtesy;
  MonotonicTime now{1'000'000'000};
  std::uint64_t acked = 0;
  for (int i = 0; i < 3000; ++i) {
    now = now + 100ms;
    acked += 5'000'000;
    courtesy.on_sample(now, Nanoseconds(20ms) + Nanoseconds(std::chrono::milliseconds(i * 37 % 60)), acked);
    REQUIRE_FALSE(courtesy.limit());
  }
}

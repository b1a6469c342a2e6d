#include "capture/live/packet_clock.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

namespace shilu::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kRate = 90'000;
constexpr std::uint32_t kFirst = 0xffff'0000;  // wraps after 0.7 s
constexpr auto kTravel = milliseconds(3);

// A camera of 25 pictures a second whose clock may run fast, on a network that may stand still.
class Line {
 public:
  double fast = 0;  // ppm
  bool jitter_buffer = true;
  Nanoseconds worst_step_error{0};
  Nanoseconds error{0};  // of the last picture's time

  // Pictures that are taken until `until`; what is taken in the stall comes at its end, 100 pictures a
  // second.
  void run(Nanoseconds until, Nanoseconds stall_from = Nanoseconds::max(),
           Nanoseconds stall_to = Nanoseconds(0)) {
    for (; taken_ < until; taken_ += milliseconds(40)) {
      auto arrival = taken_ + kTravel;
      if (arrival >= stall_from && arrival < stall_to) arrival = stall_to;
      arrival = std::max(arrival, arrived_ + milliseconds(10));
      if (arrival <= taken_ + kTravel + milliseconds(10)) arrival = std::max(taken_ + kTravel, arrived_);
      arrived_ = arrival;
      place(arrival);
    }
  }
  // The camera's clock is put on by `by`.
  void jump(Nanoseconds by) { jumped_ += by; }
  void pause(Nanoseconds length) { taken_ += length; }

 private:
  void place(Nanoseconds arrival) {
    const auto sender = static_cast<double>((taken_ + jumped_).count()) * (1 + fast / 1e6);
    const auto timestamp =
        kFirst + static_cast<std::uint32_t>(static_cast<std::int64_t>(sender * kRate / 1e9));
    const MonotonicTime now{(kStart + arrival).count()};
    const auto got = clock_.place(timestamp, jitter_buffer ? std::optional(now) : std::nullopt, now);
    error = got - MonotonicTime{(kStart + taken_ + kTravel).count()};
    if (last_) {
      const auto step_error = (got - *last_) - (taken_ - last_taken_);
      worst_step_error = std::max(worst_step_error, Nanoseconds(std::abs(step_error.count())));
    }
    last_ = got;
    last_taken_ = taken_;
  }

  static constexpr Nanoseconds kStart = seconds(1000);
  PacketClock clock_{kRate, seconds(2)};
  Nanoseconds taken_{0};
  Nanoseconds arrived_{0};
  Nanoseconds jumped_{0};
  Nanoseconds last_taken_{0};
  std::optional<MonotonicTime> last_;
};

double ms(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

TEST_CASE("a network that stands still makes packets late, and their times no different") {
  for (const auto stall : {milliseconds(700), milliseconds(1500), milliseconds(3000)}) {
    INFO(stall.count());
    Line line;
    line.run(seconds(5));
    line.worst_step_error = Nanoseconds(0);
    line.run(seconds(20), seconds(5), seconds(5) + stall);
    CHECK(ms(line.worst_step_error) < 1);
    CHECK(std::abs(ms(line.error)) < 1);
  }
}

TEST_CASE("a camera whose clock runs fast or slow is followed without a jump") {
  for (const double fast : {2000.0, -2000.0}) {
    INFO(fast);
    Line line;
    line.fast = fast;
    line.run(seconds(600));
    CHECK(ms(line.worst_step_error) < 1);
    CHECK(std::abs(ms(line.error)) < 10);
  }
}

TEST_CASE("a camera that counts 25 pictures a second and takes 21 is followed") {
  Line line;
  line.fast = -160'000;
  line.run(seconds(60));
  CHECK(ms(line.worst_step_error) < 20);
  CHECK(std::abs(ms(line.error)) < 600);
}

TEST_CASE("a clock that jumps is not followed: the times go on") {
  for (const auto by : {seconds(3600), seconds(3), seconds(-3), seconds(-3600)}) {
    INFO(by.count());
    Line line;
    line.run(seconds(10));
    line.jump(by);
    line.run(seconds(30));
    CHECK(ms(line.worst_step_error) < 5);
    CHECK(std::abs(ms(line.error)) < 5);
  }
}

TEST_CASE("a camera that pauses, its clock with it, is put where it comes again after a while") {
  Line line;
  line.run(seconds(10));
  line.pause(seconds(2));
  line.jump(seconds(-2));
  line.run(seconds(30));
  CHECK(std::abs(ms(line.error)) < 5);
}

TEST_CASE("without a jitter buffer the delay of the first packet is forgotten within two seconds") {
  Line line;
  line.jitter_buffer = false;
  line.run(seconds(2), Nanoseconds(0), milliseconds(300));  // begins with a burst
  CHECK(std::abs(ms(line.error)) < 1);
  line.worst_step_error = Nanoseconds(0);
  line.run(seconds(20), seconds(5), seconds(7));
  CHECK(ms(line.worst_step_error) < 1);
  CHECK(std::abs(ms(line.error)) < 1);
}

}  // namespace
}  // namespace shilu::live

#include "upload/sender/line_health.h"

#include <algorithm>

#include "upload/sender/backoff.h"

namespace shilu::sender {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kFirst = 250ms;
constexpr Nanoseconds kLeastCap = 2s;
constexpr Nanoseconds kMostCap = 5min;
constexpr int kShare = 10;                 // a tenth of the outage
constexpr Nanoseconds kMostHerd = 60s;     // after a cable came back
constexpr Nanoseconds kPowerUpHerd = 15s;  // a district that got its power back: 1000 devices, 70 a second
constexpr Nanoseconds kMostHold = 15min;   // longer requests hold only the submission that got them

}  // namespace

void LineHealth::on_answer() {
  down_since_.reset();
  failures_ = 0;
  hold_until_.reset();
}

void LineHealth::on_failure(MonotonicTime now, double fraction) {
  if (!down_since_) down_since_ = now;
  const Nanoseconds cap = std::clamp<Nanoseconds>(outage(now) / kShare, kLeastCap, kMostCap);
  hold_until_ = now + backoff({kFirst, cap}, failures_++, fraction);
}

void LineHealth::on_busy(MonotonicTime now, Nanoseconds retry_after, double fraction) {
  const Nanoseconds wait = std::min(retry_after, kMostHold);
  hold_until_ = now + wait + backoff({wait / kShare, wait / kShare}, 0, fraction);
}

void LineHealth::on_link_up(MonotonicTime now, double fraction) {
  const Nanoseconds window = std::clamp<Nanoseconds>(outage(now) / kShare, 0s, kMostHerd);
  hold_until_ = now + backoff({window, window}, 0, fraction);
  failures_ = 0;
}

void LineHealth::on_power_up(MonotonicTime now, double fraction) {
  hold_until_ = now + backoff({kPowerUpHerd, kPowerUpHerd}, 0, fraction);
}

void LineHealth::on_person(MonotonicTime) {
  hold_until_.reset();
  failures_ = 0;
}

}  // namespace shilu::sender

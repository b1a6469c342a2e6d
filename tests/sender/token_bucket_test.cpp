#include "upload/sender/token_bucket.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::sender;
using namespace std::chrono_literals;

namespace {

// Takes all it gets, 10 ms by 10 ms.
std::size_t taken(TokenBucket& bucket, MonotonicTime& now, Nanoseconds time) {
  std::size_t sum = 0;
  for (const auto end = now + time; now < end; now = now + 10ms) sum += bucket.take(64 * 1024, now);
  return sum;
}

}  // namespace

TEST_CASE("as many bytes pass as the rate says, within a tenth of a second's worth") {
  for (const std::uint64_t rate : {20'000u, 500'000u, 30'000'000u}) {
    TokenBucket bucket;
    MonotonicTime now{1'000'000'000};
    bucket.set_rate(rate, now);
    const auto sum = static_cast<double>(taken(bucket, now, 10s));
    INFO(rate);
    // 64 KiB each 10 ms is the most that is asked for: 6.5 MB/s.
    const double wanted = std::min(static_cast<double>(rate) * 10, 6'553'600.0 * 10);
    CHECK(sum > wanted * 0.97);
    CHECK(sum < wanted * 1.03);
  }
}

TEST_CASE("a change takes effect at once, and a pause is not paid back in a burst") {
  TokenBucket bucket;
  MonotonicTime now{1'000'000'000};
  CHECK(bucket.take(1'000'000, now) == 1'000'000);  // no limit
  bucket.set_rate(100'000, now);
  CHECK(bucket.take(64 * 1024, now) == 0);
  now = now + 1h;
  CHECK(bucket.take(64 * 1024, now) == 10'000);  // a tenth of a second
  bucket.set_rate(std::nullopt, now);
  CHECK(bucket.take(64 * 1024, now) == 64 * 1024);
}

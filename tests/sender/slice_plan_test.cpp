#include "upload/sender/slice_plan.h"

#include <catch2/catch.hpp>

using namespace shilu::sender;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kHuge = 5000 * kMiB;
}  // namespace

TEST_CASE("requests end at whole blocks of 8 MiB, wherever they begin") {
  const SlicePlan plan;
  CHECK(plan.next(0, kHuge) == 16 * kMiB);
  CHECK(plan.next(3 * kMiB, kHuge) == 13 * kMiB);  // 3 + 16 = 19, down to 16
  CHECK(plan.next(15 * kMiB, kHuge) == 9 * kMiB);  // to 24
  CHECK(plan.next(0, kMiB) == kMiB);
  CHECK(plan.next(kHuge, kHuge) == 0);
}

TEST_CASE("a request carries about half a minute of the line, between one block and 64 MiB") {
  SlicePlan plan;
  plan.on_sent(16 * kMiB, 16s);  // 1 MiB/s: 30 MiB, down to 24
  CHECK(plan.next(0, kHuge) == 24 * kMiB);
  plan.on_sent(24 * kMiB, 1s);
  CHECK(plan.next(0, kHuge) == 64 * kMiB);
  plan.on_sent(8 * kMiB, 10min);
  CHECK(plan.next(0, kHuge) == 8 * kMiB);
}

TEST_CASE("a proxy's limit halves the request for good, down to 256 KiB") {
  SlicePlan plan;
  plan.on_too_large();
  CHECK(plan.next(0, kHuge) == 8 * kMiB);
  plan.on_too_large();
  CHECK(plan.next(0, kHuge) == 4 * kMiB);
  plan.on_sent(4 * kMiB, 1ms);  // fast, but the limit stands
  CHECK(plan.next(0, kHuge) == 4 * kMiB);
  CHECK(plan.next(7 * kMiB, kHuge) == 4 * kMiB);
  for (int i = 0; i < 10; ++i) plan.on_too_large();
  CHECK(plan.next(0, kHuge) == kMiB / 4);
  CHECK_FALSE(plan.can_be_smaller());
}

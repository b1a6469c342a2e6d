#include "capture/recorder/lead_in.h"

#include <catch2/catch.hpp>

#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

constexpr MonotonicTime kStart{50 * kSecond};

}  // namespace

TEST_CASE("the lead-in keeps pictures from the last IDR on") {
  LeadIn lead_in(MediaKind::kVideo);
  CHECK_FALSE(lead_in.ready());
  std::optional<std::uint64_t> forgotten;
  for (std::uint64_t k = 0; k < 60; ++k) forgotten = lead_in.add(steady_picture(k, kStart));
  CHECK(forgotten == 50);  // number 51 is the IDR at 2 s
  const auto units = lead_in.take(kStart + std::chrono::milliseconds(2400));
  REQUIRE(units.size() == 10);
  CHECK(units.front().number == 51);
  CHECK_FALSE(lead_in.ready());
}

TEST_CASE("pictures before the first IDR are not kept") {
  LeadIn lead_in(MediaKind::kVideo);
  CHECK(lead_in.add(steady_picture(3, kStart)) == 4);
  CHECK_FALSE(lead_in.ready());
}

TEST_CASE("a GOP that began too long before the press is left out") {
  LeadIn lead_in(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 60; ++k) lead_in.add(steady_picture(k, kStart, 250));
  CHECK(lead_in.take(kStart + std::chrono::milliseconds(2400)).empty());
}

TEST_CASE("pictures that lean on an IDR of long ago are not kept for ever") {
  LeadIn lead_in(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 250; ++k) lead_in.add(steady_picture(k, kStart, 1000));
  CHECK_FALSE(lead_in.ready());
}

TEST_CASE("the lead-in keeps the sound of a few seconds") {
  LeadIn lead_in(MediaKind::kAudio);
  for (std::uint64_t k = 0; k < 1000; ++k) lead_in.add(steady_sound(k, kStart));
  const auto units = lead_in.take(kStart + std::chrono::seconds(21));
  CHECK(units.back().number == 1000);
  const auto kept = units.back().decode_time - units.front().decode_time;
  CHECK(kept > std::chrono::seconds(3));
  CHECK(kept <= std::chrono::seconds(4));
}

TEST_CASE("while a lesson is being made nothing is let go") {
  LeadIn lead_in(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 30; ++k) lead_in.add(steady_picture(k, kStart));
  lead_in.hold();
  for (std::uint64_t k = 30; k < 90; ++k) lead_in.add(steady_picture(k, kStart));  // the disk took two seconds
  const auto units = lead_in.take(kStart + std::chrono::milliseconds(1200));
  REQUIRE(units.size() == 65);
  CHECK(units.front().number == 26);
}

#include "capture/recorder/pre_roll.h"

#include <catch2/catch.hpp>

#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

constexpr MonotonicTime kStart{50 * kSecond};
constexpr Nanoseconds kDisarmed{0};

}  // namespace

TEST_CASE("disarmed, pictures are kept from the last IDR on") {
  PreRoll pre_roll(MediaKind::kVideo);
  CHECK_FALSE(pre_roll.ready());
  for (std::uint64_t k = 0; k < 60; ++k) pre_roll.add(steady_picture(k, kStart));
  CHECK(pre_roll.forgotten() == 50);  // number 51 is the IDR at 2 s
  const auto units = pre_roll.take(kStart + std::chrono::milliseconds(2400), kDisarmed);
  REQUIRE(units.size() == 10);
  CHECK(units.front().number == 51);
  CHECK_FALSE(pre_roll.ready());
}

TEST_CASE("pictures before the first IDR are not kept") {
  PreRoll pre_roll(MediaKind::kVideo);
  pre_roll.add(steady_picture(3, kStart));
  CHECK(pre_roll.forgotten() == 4);
  CHECK_FALSE(pre_roll.ready());
}

TEST_CASE("a GOP that began too long before the press is left out") {
  PreRoll pre_roll(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 60; ++k) pre_roll.add(steady_picture(k, kStart, 250));
  CHECK(pre_roll.take(kStart + std::chrono::milliseconds(2400), kDisarmed).empty());
}

TEST_CASE("pictures that lean on an IDR of long ago are not kept for ever") {
  PreRoll pre_roll(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 250; ++k) pre_roll.add(steady_picture(k, kStart, 1000));
  CHECK_FALSE(pre_roll.ready());
}

TEST_CASE("disarmed, the sound of a few seconds is kept") {
  PreRoll pre_roll(MediaKind::kAudio);
  for (std::uint64_t k = 0; k < 1000; ++k) pre_roll.add(steady_sound(k, kStart));
  const auto units = pre_roll.take(kStart + std::chrono::seconds(21), kDisarmed);
  CHECK(units.back().number == 1000);
  const auto kept = units.back().decode_time - units.front().decode_time;
  CHECK(kept > std::chrono::seconds(3));
  CHECK(kept <= std::chrono::seconds(4));
}

TEST_CASE("while a lesson is being made nothing is let go") {
  PreRoll pre_roll(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 30; ++k) pre_roll.add(steady_picture(k, kStart));
  pre_roll.hold();
  for (std::uint64_t k = 30; k < 90; ++k)
    pre_roll.add(steady_picture(k, kStart));  // the disk took two seconds
  const auto units = pre_roll.take(kStart + std::chrono::milliseconds(1200), kDisarmed);
  REQUIRE(units.size() == 65);
  CHECK(units.front().number == 26);
}

TEST_CASE("armed, thirty seconds are kept in whole groups of pictures") {
  PreRoll pre_roll(MediaKind::kVideo);
  pre_roll.keep(kPreRoll);
  for (std::uint64_t k = 0; k < 2500; ++k) pre_roll.add(steady_picture(k, kStart));  // 100 s, an IDR a second
  CHECK(pre_roll.length() >= kPreRoll);
  CHECK(pre_roll.length() < kPreRoll + std::chrono::seconds(1));
  const auto press = kStart + std::chrono::seconds(100);
  const auto units = pre_roll.take(press, kPreRoll);
  REQUIRE_FALSE(units.empty());
  CHECK(units.front().sync);
  CHECK(press - units.front().decode_time <= kPreRoll);
  CHECK(press - units.front().decode_time > std::chrono::seconds(28));
  CHECK(units.size() == 750);  // 30 s of 25 pictures
  CHECK_FALSE(pre_roll.ready());
}

TEST_CASE("armed, the sound of thirty seconds is kept") {
  PreRoll pre_roll(MediaKind::kAudio);
  pre_roll.keep(kPreRoll);
  for (std::uint64_t k = 0; k < 4000; ++k) pre_roll.add(steady_sound(k, kStart));  // 85 s
  CHECK(pre_roll.length() <= kPreRoll);
  CHECK(pre_roll.length() > kPreRoll - std::chrono::milliseconds(30));
}

TEST_CASE("what is kept is bounded in bytes as well") {
  PreRoll pre_roll(MediaKind::kVideo);
  pre_roll.keep(kPreRoll);
  for (std::uint64_t k = 0; k < 200; ++k)
    pre_roll.add(steady_picture(k, kStart, 25, 400'000));  // 10 MB a second
  CHECK(pre_roll.bytes() <= kPreRollBytes);
  CHECK(pre_roll.bytes() > kPreRollBytes / 2);
  CHECK(pre_roll.take(kStart + std::chrono::seconds(8), kPreRoll).front().sync);
}

TEST_CASE("disarming wipes the pre-roll at once, and the capture may forget it") {
  PreRoll pre_roll(MediaKind::kVideo);
  pre_roll.keep(kPreRoll);
  for (std::uint64_t k = 0; k < 500; ++k) pre_roll.add(steady_picture(k, kStart));
  CHECK(pre_roll.forgotten() == std::nullopt);
  pre_roll.keep(kDisarmed);
  CHECK(pre_roll.length() < std::chrono::seconds(1));
  CHECK(pre_roll.forgotten() == 475);  // all but the last group of 25
}

TEST_CASE("a press takes no more than was armed") {
  PreRoll pre_roll(MediaKind::kVideo);
  pre_roll.keep(kPreRoll);
  for (std::uint64_t k = 0; k < 500; ++k) pre_roll.add(steady_picture(k, kStart));
  const auto units = pre_roll.take(kStart + std::chrono::seconds(20), std::chrono::seconds(5));
  CHECK(units.size() == 125);
}

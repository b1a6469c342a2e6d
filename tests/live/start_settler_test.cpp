#include "capture/live/start_settler.h"

#include <catch2/catch.hpp>

#include "capture/live/sender_clock.h"

namespace shilu::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

link::AccessUnit unit_at(Nanoseconds time) {
  link::AccessUnit unit;
  unit.presentation_time = {time.count()};
  return unit;
}

TEST_CASE("held units get the sender's distances, counted back from the first good time") {
  StartSettler settler({seconds(2), seconds(4)});
  std::vector<link::AccessUnit> out;
  // The sender counts 100 ms; the measured times begin 300 ms late and are right from the end of the window
  // on.
  for (int i = 0; i <= 20; ++i) {
    const auto late = milliseconds(300 - 15 * i);
    for (auto& unit :
         settler.add(unit_at(seconds(50) + milliseconds(100 * i) + late), milliseconds(100 * i), true)) {
      out.push_back(std::move(unit));
    }
    CHECK(out.empty() == (i < 20));
  }
  REQUIRE(out.size() == 21);
  for (int i = 0; i <= 20; ++i) {
    CHECK(out[static_cast<std::size_t>(i)].presentation_time.ns == 50'000'000'000LL + i * 100'000'000LL);
  }
  CHECK(settler.add(unit_at(seconds(60)), seconds(99), true).front().presentation_time.ns == 60'000'000'000);
}

TEST_CASE("without the sender's reports the patience decides") {
  StartSettler settler({seconds(2), seconds(4)});
  CHECK(settler.add(unit_at(seconds(0)), seconds(0), false).empty());
  CHECK(settler.add(unit_at(seconds(3)), seconds(3), false).empty());
  CHECK(settler.add(unit_at(seconds(4)), seconds(4), false).size() == 3);
}

TEST_CASE("a source whose times are good is not held back") {
  StartSettler settler({});
  CHECK(settler.add(unit_at(seconds(1)), seconds(0), true).size() == 1);
}

TEST_CASE("what is held when the stream ends is given on") {
  StartSettler settler({seconds(2), seconds(4)});
  settler.add(unit_at(seconds(10)), seconds(0), true);
  settler.add(unit_at(seconds(11)), milliseconds(500), true);
  const auto rest = settler.finish();
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].presentation_time.ns == 10'500'000'000);
  CHECK(settler.finish().empty());
}

TEST_CASE("RTP timestamps are unwrapped, forwards and backwards") {
  SenderClock clock;
  CHECK_FALSE(clock.rtp());
  clock.note(0xffff'ffff - 44'999, 90'000);
  CHECK(clock.rtp() == Nanoseconds(0));
  clock.note(45'000, 90'000);
  CHECK(clock.rtp() == seconds(1));
  clock.note(0xffff'ffff - 44'999, 90'000);
  CHECK(clock.rtp() == Nanoseconds(0));
}

TEST_CASE("sound is counted in frames, and over a loss by its measured time") {
  SenderClock clock;
  const auto frame = milliseconds(20);
  CHECK(clock.count(frame, {1'000'000'000}, false) == Nanoseconds(0));
  CHECK(clock.count(frame, {1'015'000'000}, false) == frame);
  CHECK(clock.count(frame, {1'115'000'000}, true) == frame + milliseconds(100));
  CHECK(clock.count(frame, {1'116'000'000}, true) == frame * 2 + milliseconds(100));
}

}  // namespace
}  // namespace shilu::live

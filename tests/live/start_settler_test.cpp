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

using Units = std::vector<link::AccessUnit>;

// Arrives at its preliminary time.
Units give(StartSettler& settler, Nanoseconds time, Nanoseconds sender, bool aligned = true) {
  return settler.add(unit_at(time), sender, aligned, {time.count()});
}

TEST_CASE("held units get the sender's distances, counted back from the first good time") {
  StartSettler settler({seconds(2), seconds(4)});
  std::vector<link::AccessUnit> out;
  // The sender counts 100 ms; the measured times begin 300 ms late and are right from the end of the window
  // on.
  for (int i = 0; i <= 20; ++i) {
    const auto late = milliseconds(300 - 15 * i);
    for (auto& unit : give(settler, seconds(50) + milliseconds(100 * i) + late, milliseconds(100 * i))) {
      out.push_back(std::move(unit));
    }
    CHECK(out.empty() == (i < 20));
  }
  REQUIRE(out.size() == 21);
  for (int i = 0; i <= 20; ++i) {
    CHECK(out[static_cast<std::size_t>(i)].presentation_time.ns == 50'000'000'000LL + i * 100'000'000LL);
  }
  CHECK(give(settler, seconds(60), seconds(99)).front().presentation_time.ns == 60'000'000'000);
}

TEST_CASE("without the sender's reports the patience decides") {
  StartSettler settler({seconds(2), seconds(4)});
  for (int i = 0; i < 4; ++i) CHECK(give(settler, seconds(i), seconds(i), false).empty());
  CHECK(give(settler, seconds(4), seconds(4), false).size() == 5);
}

TEST_CASE("a source whose times are good is not held back") {
  StartSettler settler({});
  CHECK(give(settler, seconds(1), seconds(0)).size() == 1);
}

TEST_CASE("what is held when the stream ends is given on") {
  StartSettler settler({seconds(2), seconds(4)});
  give(settler, seconds(10), seconds(0));
  give(settler, seconds(11), milliseconds(500));
  const auto rest = settler.finish();
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].presentation_time.ns == 10'500'000'000);
  CHECK(settler.finish().empty());
}

TEST_CASE("a sender's clock that stands still holds nothing back for longer than the patience") {
  StartSettler settler({seconds(2), seconds(4)});
  std::size_t given = 0;
  for (int i = 0; i <= 50; ++i) given += give(settler, milliseconds(100 * i), seconds(7)).size();
  CHECK(given == 51);
  CHECK(settler.settled());
}

TEST_CASE("a sender's clock that jumps: what came before it is given on with its own distances") {
  for (const auto jump : {seconds(3600), seconds(-3600)}) {
    StartSettler settler({seconds(2), seconds(4)});
    Units out;
    for (int i = 0; i <= 40; ++i) {
      const auto sender = milliseconds(100 * i) + (i < 10 ? seconds(0) : jump);
      for (auto& unit : give(settler, seconds(50) + milliseconds(100 * i), sender))
        out.push_back(std::move(unit));
      CHECK(out.size() == static_cast<std::size_t>(i < 10 ? 0 : i < 30 ? 10 : i + 1));
    }
    for (std::size_t i = 0; i < out.size(); ++i)
      CHECK(out[i].presentation_time.ns == 50'000'000'000LL + static_cast<std::int64_t>(i) * 100'000'000LL);
  }
}

TEST_CASE("more than a few megabytes are not held") {
  StartSettler settler({seconds(2), seconds(4)});
  Units out;
  for (int i = 0; out.empty() && i < 10; ++i) {
    auto unit = unit_at(milliseconds(i));
    unit.data.resize(StartSettler::kMostHeld / 4);
    out = settler.add(std::move(unit), milliseconds(i), true, {i});
  }
  CHECK(out.size() == 5);
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

#include "capture/recorder/video_timeline.h"

#include <catch2/catch.hpp>

#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using Verdict = Placement::Verdict;

namespace {

constexpr MonotonicTime kStart{50 * kSecond};

// Places pictures at the given us of lesson time; the machine's own clock never goes back.
struct Placer {
  VideoTimeline timeline;
  std::uint64_t number = 0;
  MonotonicTime now = kStart;
  explicit Placer(std::uint32_t nominal = 3600) : timeline(kStart, 90'000, nominal) {}

  Placement at(std::int64_t us, bool discontinuity = false) {
    ++number;
    auto unit = video_unit(number, kStart + Nanoseconds(us * 1000), number == 1);
    unit.discontinuity = discontinuity;
    now = std::max(now, unit.decode_time);
    return timeline.place(unit, now);
  }
};

}  // namespace

TEST_CASE("a picture stands where the monotonic clock puts it, in ticks of 1/90000 s") {
  Placer placer;
  CHECK(placer.at(0).decode_ticks == 0);
  CHECK(placer.at(40'000).decode_ticks == 3600);
  CHECK(placer.at(81'500).decode_ticks == 7335);  // 81.5 ms * 90
}

TEST_CASE("a picture before the press has negative time") {
  Placer placer;
  CHECK(placer.at(-500'000).decode_ticks == -45'000);
}

TEST_CASE("the presentation offset of B-frames is kept") {
  VideoTimeline timeline(kStart, 90'000, 3600);
  auto unit = video_unit(1, kStart, true);
  unit.presentation_time = kStart + std::chrono::milliseconds(80);
  CHECK(timeline.place(unit, kStart).composition_offset == 7200);
}

TEST_CASE("one skipped picture is no gap: it is shown in time, and no sample lasts over two usual ones") {
  Placer placer;
  placer.at(0);
  const auto skipped = placer.at(85'000);
  CHECK(skipped.verdict == Verdict::kJoined);
  CHECK(skipped.decode_ticks == 7200);
  CHECK(skipped.composition_offset == 85 * 90 - 7200);
  CHECK(placer.at(120'000).decode_ticks == 10'800);
}

TEST_CASE("more than 2.5 usual distances are a gap") {
  Placer placer;
  placer.at(0);
  CHECK(placer.at(101'000).verdict == Verdict::kApart);
  CHECK(placer.at(141'000).verdict == Verdict::kJoined);
}

TEST_CASE("without a usual distance a second is a gap") {
  Placer placer(0);
  placer.at(0);
  CHECK(placer.at(999'000).verdict == Verdict::kJoined);
  CHECK(placer.at(2'000'000).verdict == Verdict::kApart);
}

TEST_CASE("a time that does not rise is put behind the one before, and said so") {
  Placer placer;
  placer.at(0);
  placer.at(40'000);
  const auto back = placer.at(30'000);
  CHECK(back.clock_suspect);
  CHECK(back.decode_ticks == 3601);
  const auto next = placer.at(80'000);
  CHECK_FALSE(next.clock_suspect);
  CHECK(next.decode_ticks == 7200);
}

TEST_CASE("a clock that jumps back is joined to what was, until the source says discontinuity") {
  Placer placer;
  placer.at(10'000'000);
  const auto jumped = placer.at(2'000'000);
  CHECK(jumped.clock_suspect);
  CHECK(jumped.decode_ticks == 900'000 + 3600);
  const auto next = placer.at(2'040'000);
  CHECK_FALSE(next.clock_suspect);
  CHECK(next.decode_ticks == 900'000 + 7200);
  CHECK(placer.at(11'000'000, true).decode_ticks == 990'000);
}

TEST_CASE(
    "what a camera repeats on a new connection costs the pictures after it neither their time nor "
    "themselves") {
  Placer placer;
  placer.at(10'000'000);
  for (int k = 0; k < 50; ++k) {  // 2 s from its last key picture on, in one burst
    const auto repeat = placer.at(8'040'000 + k * 40'000, k == 0);
    CHECK(repeat.verdict == Verdict::kJoined);
    CHECK(repeat.decode_ticks == 900'000 + k + 1);
    CHECK(repeat.clock_suspect);
  }
  const auto next = placer.at(10'040'000);
  CHECK(next.verdict == Verdict::kJoined);
  CHECK(next.decode_ticks == 903'600);
  CHECK_FALSE(next.clock_suspect);
}

TEST_CASE("a clock that stays behind after a new connection is put right by ours after 3 s") {
  Placer placer;
  placer.at(10'000'000);
  placer.now = kStart + std::chrono::seconds(11);
  CHECK(placer.at(5'000'000, true).decode_ticks == 900'001);
  placer.now = kStart + std::chrono::seconds(14);
  const auto right = placer.at(8'000'000);
  CHECK(right.verdict == Verdict::kApart);
  CHECK(right.decode_ticks == 14 * 90'000);
  CHECK(placer.at(8'040'000).decode_ticks == 14 * 90'000 + 3600);
}

TEST_CASE("what steps back when the repeat is over is no repeat") {
  Placer placer;
  placer.at(10'000'000);
  placer.at(9'000'000, true);
  placer.at(10'040'000);
  CHECK(placer.at(8'040'000).decode_ticks == 903'600 + 3600);
}

TEST_CASE("what lies further back than any camera repeats is no repeat") {
  Placer placer;
  placer.at(100'000'000);
  CHECK(placer.at(80'000'000, true).decode_ticks == 9'000'000 + 3600);
}

TEST_CASE("a time far ahead of its arrival is not believed") {
  VideoTimeline timeline(kStart, 90'000, 3600);
  timeline.place(video_unit(1, kStart, true), kStart);
  const auto ahead = timeline.place(video_unit(2, kStart + std::chrono::hours(149), false),
                                    kStart + std::chrono::milliseconds(40));
  CHECK(ahead.clock_suspect);
  CHECK(ahead.decode_ticks == 3600);
}

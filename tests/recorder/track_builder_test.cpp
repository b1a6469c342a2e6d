#include "capture/recorder/track_builder.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

constexpr MonotonicTime kStart{50 * kSecond};

MonotonicTime at(std::int64_t ms) {
  return kStart + std::chrono::milliseconds(ms);
}

// A builder and what it emitted.
struct Bench {
  UsualDistance distance;
  std::vector<Fragment> fragments;
  bool room = true;
  TrackBuilder builder;

  explicit Bench(MediaKind kind, std::optional<LessonTime> stored_until = std::nullopt)
      : builder({kind, kStart, stored_until}, distance, [this](Fragment fragment) {
          if (!room) return std::optional(GapReason::kQueueOverflow);
          fragments.push_back(std::move(fragment));
          return std::optional<GapReason>();
        }) {
    REQUIRE(builder.set_parameters(kind == MediaKind::kVideo ? video_parameters() : audio_parameters()));
  }

  void add(link::AccessUnit unit) {
    distance.add(unit.decode_time);
    const auto now = unit.decode_time;
    builder.add(std::move(unit), 1, now);
  }
  // Pictures [from, to) of the steady camera that began at `begin`.
  void pictures(std::uint64_t from, std::uint64_t to, std::uint64_t gop = 25, MonotonicTime begin = kStart) {
    for (auto k = from; k < to; ++k) add(steady_picture(k, begin, gop));
  }
  void sounds(std::uint64_t from, std::uint64_t to) {
    for (auto k = from; k < to; ++k) add(steady_sound(k, kStart));
  }
  std::vector<std::uint64_t> counters() const {
    std::vector<std::uint64_t> result;
    for (const auto& fragment : fragments) {
      for (const auto& sample : fragment.samples) result.push_back(counter_in(sample.data));
    }
    return result;
  }
};

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> result;
  for (auto k = from; k < to; ++k) result.push_back(k);
  return result;
}

}  // namespace

TEST_CASE("a video fragment closes before each IDR") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 51);
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.fragments[0].samples.size() == 25);
  CHECK(bench.fragments[0].key());
  CHECK(bench.fragments[0].start_ticks() == 0);
  CHECK(bench.fragments[0].end_ticks() == 90'000);
  CHECK(bench.fragments[1].start_ticks() == 90'000);
  CHECK(bench.fragments[1].last_unit.number == 50);
  CHECK_FALSE(bench.fragments[1].closed_at_limit);
}

TEST_CASE("a long GOP is cut where a sample would begin more than 2 s after its first") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 251, 250);
  REQUIRE(bench.fragments.size() == 5);
  CHECK(bench.fragments[0].closed_at_limit);
  CHECK(bench.fragments[0].samples.size() == 51);  // the last begins at 2.000 s
  CHECK_FALSE(bench.fragments[1].key());
  CHECK(bench.fragments[1].start_ticks() == bench.fragments[0].end_ticks());
  CHECK_FALSE(bench.fragments[4].closed_at_limit);
}

TEST_CASE("pictures before the first IDR are not recorded") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(3, 51);
  REQUIRE(bench.fragments.size() == 1);
  CHECK(bench.fragments[0].start_ticks() == 90'000);
  CHECK(bench.fragments[0].reason_of_gap == GapReason::kLateStart);
}

TEST_CASE("only a fragment that reaches past the press is recorded") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 101, 25, at(-1500));  // IDRs at -1.5, -0.5, 0.5 s ...
  REQUIRE(bench.fragments.size() == 3);
  CHECK(bench.fragments[0].start_ticks() == -45'000);
}

TEST_CASE("sound begins with the frame that the press falls into") {
  Bench bench(MediaKind::kAudio);
  for (std::uint64_t k = 0; k < 200; ++k) bench.add(steady_sound(k, at(-1000)));
  REQUIRE_FALSE(bench.fragments.empty());
  CHECK(bench.fragments[0].start_ticks() <= 0);
  CHECK(bench.fragments[0].start_ticks() > -1024);
}

TEST_CASE("a sound fragment is a second of whole frames") {
  Bench bench(MediaKind::kAudio);
  bench.sounds(0, 95);
  REQUIRE(bench.fragments.size() == 2);
  for (const auto& fragment : bench.fragments) {
    CHECK(fragment.samples.size() == 47);  // 47 * 1024 / 48000 = 1.0027 s
    CHECK(fragment.key());
    // Durations of 1024; what rounding to ns takes goes to the last.
    for (std::size_t i = 0; i + 1 < fragment.samples.size(); ++i) CHECK(fragment.samples[i].duration == 1024);
  }
  CHECK(bench.fragments[1].start_ticks() == bench.fragments[0].end_ticks());
}

TEST_CASE("pictures after lost ones wait for the next IDR") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 10);
  auto unit = steady_picture(15, kStart);
  unit.discontinuity = true;
  bench.add(unit);
  bench.pictures(16, 51);
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.fragments[0].samples.size() == 10);
  CHECK(bench.fragments[0].samples.back().duration == 3600);  // the last before a gap lasts as usual
  CHECK(bench.fragments[1].start_ticks() == 90'000);
  CHECK(bench.fragments[1].reason_of_gap == GapReason::kSourceLost);
}

TEST_CASE("pictures that a camera left out are a gap, and the next need no IDR") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 10);
  bench.pictures(14, 51);
  REQUIRE(bench.fragments.size() == 3);
  CHECK(bench.fragments[0].closed_at_limit);
  CHECK(bench.fragments[0].end_ticks() == 10 * 3600);
  CHECK(bench.fragments[1].start_ticks() == 14 * 3600);
  CHECK(bench.counters().size() == 46);
}

TEST_CASE("equal parameters after a reconnect begin no epoch, others do") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 26);
  REQUIRE(bench.builder.set_parameters(video_parameters()));
  bench.pictures(26, 51);
  REQUIRE(bench.builder.set_parameters(other_video_parameters()));
  bench.pictures(51, 101);
  REQUIRE(bench.fragments.size() == 4);
  CHECK(bench.fragments[0].format == bench.fragments[1].format);
  CHECK(bench.fragments[2].format->header != bench.fragments[3].format->header);
  CHECK(bench.fragments[3].key());
  CHECK(bench.fragments[3].start_ticks() == 75 * 3600);  // the first IDR with the new parameters
}

TEST_CASE("a camera that delivers half of what it declares gets an epoch with its true rate") {
  Bench bench(MediaKind::kVideo);
  for (std::uint64_t k = 0; k < 60; ++k) {  // 10 per second in the dark, IDR every second
    bench.add(video_unit(k + 1, at(static_cast<std::int64_t>(k) * 100), k % 10 == 0));
  }
  REQUIRE(bench.fragments.size() >= 4);
  const auto& last = bench.fragments.back();
  CHECK(last.format->nominal_ticks == 9000);
  CHECK(last.samples.size() == 10);
  CHECK(last.end_ticks() - last.start_ticks() == 90'000);
}

TEST_CASE("a resumed track drops what is stored already and goes on without a seam") {
  Bench bench(MediaKind::kVideo, LessonTime{2 * kSecond});
  bench.pictures(25, 101);  // the capture hands over from 1 s on
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.fragments[0].start_ticks() == 180'000);
  CHECK(bench.counters() == numbers(51, 101));
}

TEST_CASE("a resumed track with nothing handed over has a gap by the restart") {
  Bench bench(MediaKind::kVideo, LessonTime{2 * kSecond});
  bench.pictures(100, 126);
  REQUIRE(bench.fragments.size() == 1);
  CHECK(bench.fragments[0].reason_of_gap == GapReason::kRecorderRestart);
}

TEST_CASE("resumed sound drops stored frames and keeps its count") {
  // 94 frames are stored, counted 5 ticks before the clock
  const auto stored = ns_from_ticks(94 * 1024 - 5, 48'000);
  Bench bench(MediaKind::kAudio, LessonTime{stored});
  bench.sounds(80, 200);
  REQUIRE_FALSE(bench.fragments.empty());
  CHECK(bench.counters().front() == 95);
  CHECK(bench.fragments[0].start_ticks() == 94 * 1024 - 5);
}

TEST_CASE("a fragment that found no room is a gap, and what leans on it is not kept") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 30, 250);
  bench.room = false;
  bench.pictures(30, 60, 250);  // closed at 2 s, refused
  bench.room = true;
  bench.pictures(60, 300, 250);
  bench.builder.flush();
  REQUIRE(bench.fragments.size() == 1);
  CHECK(bench.fragments[0].key());
  CHECK(bench.fragments[0].start_ticks() == 250 * 3600);
  CHECK(bench.fragments[0].reason_of_gap == GapReason::kQueueOverflow);
}

TEST_CASE("what is open becomes durable when nothing comes any more") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 10);
  bench.builder.close_if_silent(at(360 + 2000));
  CHECK(bench.fragments.empty());
  bench.builder.close_if_silent(at(360 + 2600));
  REQUIRE(bench.fragments.size() == 1);
  SECTION("late pictures whose time goes on join without a gap") {
    bench.pictures(10, 26);
    REQUIRE(bench.fragments.size() == 2);
    CHECK(bench.fragments[1].start_ticks() == bench.fragments[0].end_ticks());
    CHECK(bench.fragments[0].closed_at_limit);
  }
  SECTION("so do pictures that come a little early") {
    bench.add(video_unit(11, at(390), false));
    bench.pictures(11, 26);
    REQUIRE(bench.fragments.size() == 2);
    CHECK(bench.fragments[1].start_ticks() == bench.fragments[0].end_ticks());
  }
}

TEST_CASE("an interrupted source closes what is open and waits for an IDR") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 10);
  bench.builder.interrupt(GapReason::kSourceEnded);
  REQUIRE(bench.fragments.size() == 1);
  CHECK(bench.builder.open_reason() == GapReason::kSourceEnded);
  bench.pictures(20, 51);
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.fragments[1].start_ticks() == 90'000);
}

TEST_CASE("nothing that begins at the stop or later is recorded") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 30);
  bench.builder.end_at(LessonTime{1300 * kMs});
  CHECK_FALSE(bench.builder.reached_end());
  bench.pictures(30, 60);
  CHECK(bench.builder.reached_end());
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.counters() == numbers(1, 34));  // the last picture begins at 1.28 s
  CHECK(bench.fragments.back().end().ns >= 1300 * kMs);
}

TEST_CASE("sample times rise strictly whatever the source says") {
  Bench bench(MediaKind::kVideo);
  std::uint64_t number = 0;
  for (const std::int64_t ms :
       {0, 40, 80, 60, 60, 120, 100, 160, 20, 200, 5000, 5040, 240, 280, 9000, 9040}) {
    ++number;
    bench.add(video_unit(number, at(ms), number % 4 == 1));
  }
  bench.builder.flush();
  std::int64_t end = -1;
  for (const auto& fragment : bench.fragments) {
    CHECK(fragment.start_ticks() >= end);
    for (const auto& sample : fragment.samples) CHECK(sample.duration > 0);
    end = fragment.end_ticks();
  }
}

TEST_CASE("pre-roll lies before 0, as far back as it was kept") {
  for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    UsualDistance distance;
    std::vector<Fragment> fragments;
    TrackBuilder::Beginning beginning;
    beginning.kind = kind;
    beginning.lesson_start = at(10'000);
    beginning.earliest = LessonTime::from_ms(-5'000);
    TrackBuilder builder(beginning, distance, [&](Fragment fragment) {
      fragments.push_back(std::move(fragment));
      return std::optional<GapReason>();
    });
    const bool video = kind == MediaKind::kVideo;
    REQUIRE(builder.set_parameters(video ? video_parameters() : audio_parameters()));
    for (std::uint64_t k = 0; k < 500; ++k) {
      builder.add(video ? steady_picture(k, kStart) : steady_sound(k, kStart), 1, at(10'000));
    }
    REQUIRE_FALSE(fragments.empty());
    CHECK(fragments.front().start().seconds() == Approx(-5).margin(0.03));
    for (std::size_t i = 1; i < fragments.size(); ++i)
      CHECK(fragments[i].start_ticks() == fragments[i - 1].end_ticks());
  }
}

TEST_CASE("behind an end nothing is taken until the track goes on, and then from an IDR") {
  Bench bench(MediaKind::kVideo);
  bench.builder.end_at(LessonTime::from_ms(1'500));
  bench.pictures(0, 100);
  CHECK(bench.builder.reached_end());
  REQUIRE(bench.fragments.size() == 2);
  CHECK(bench.fragments[1].end().ms() == 1'520);  // the picture at 1.48 s is the last that begins before
  bench.builder.go_on(LessonTime::from_ms(4'100), GapReason::kPrivate);
  bench.pictures(100, 103);  // 4.0 s: an IDR, but before the moment was over
  bench.pictures(103, 125);
  REQUIRE(bench.fragments.size() == 2);  // 4.12 s and on lean on it
  bench.pictures(125, 176);
  REQUIRE(bench.fragments.size() == 4);
  CHECK(bench.fragments[2].start().ms() == 5'000);
  CHECK(bench.fragments[2].reason_of_gap == GapReason::kPrivate);
  CHECK(bench.fragments[3].reason_of_gap != GapReason::kPrivate);
}

TEST_CASE("what is cut off does not come in late") {
  Bench bench(MediaKind::kAudio);
  bench.sounds(0, 100);  // to 2.13 s
  bench.builder.cut(LessonTime::from_ms(3'000), GapReason::kRedacted);
  const auto before = bench.fragments.back().end();
  CHECK(before.ms() == 2'133);
  bench.sounds(100, 300);
  CHECK(bench.fragments.back().start().ms() >= 3'000);
  const auto first = std::find_if(bench.fragments.begin(), bench.fragments.end(),
                                  [&](const Fragment& fragment) { return fragment.start() > before; });
  REQUIRE(first != bench.fragments.end());
  CHECK(first->start().ms() >= 3'000);
  CHECK(first->reason_of_gap == GapReason::kRedacted);
}

TEST_CASE("a sleep of the machine is a gap in lesson time") {
  Bench bench(MediaKind::kVideo);
  bench.pictures(0, 60);  // to 2.4 s
  bench.builder.move_start(MonotonicTime{kStart.ns - 600 * kSecond}, GapReason::kSuspended);
  bench.pictures(60, 130);
  const auto first = std::find_if(bench.fragments.begin(), bench.fragments.end(),
                                  [](const Fragment& fragment) { return fragment.start().seconds() > 100; });
  REQUIRE(first != bench.fragments.end());
  CHECK(first->start().seconds() == Approx(603));
  CHECK(first->reason_of_gap == GapReason::kSuspended);
}

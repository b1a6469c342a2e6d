#include "capture/recorder/audio_timeline.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;
using Verdict = Placement::Verdict;

namespace {

constexpr MonotonicTime kStart{50 * kSecond};
constexpr int kFramesPerFragment = 47;

// A sound card whose clock is `ppm` slow, seen with a jitter of +-7 samples.
struct Card {
  double ppm = 0;
  std::mt19937 random{1};

  std::int64_t true_ns(std::int64_t frame) const {
    return std::llround(static_cast<double>(frame) * 1024 / 48'000 * 1e9 * (1 + ppm * 1e-6));
  }
  link::AccessUnit frame(std::int64_t k) {
    const std::int64_t jitter = static_cast<std::int64_t>(random() % 15) - 7;
    return audio_unit(static_cast<std::uint64_t>(k) + 1,
                      kStart + Nanoseconds(true_ns(k) + jitter * kSecond / 48'000));
  }
};

struct Drift {
  double worst_ms = 0;        // after the first 30 s
  double worst_start_ms = 0;  // in the first 30 s
  std::int64_t longest_step = 0;
  int apart = 0;
  int dropped = 0;
  std::int64_t unsteady = 0;  // frames that do not follow by 1024 inside a fragment
};

Drift simulate(double ppm, std::int64_t seconds) {
  Card card{ppm};
  AudioTimeline timeline(kStart, 48'000, 1024);
  Drift drift;
  std::int64_t last = -1024;
  for (std::int64_t k = 0; k < seconds * 48'000 / 1024; ++k) {
    const bool border = k % kFramesPerFragment == 0;
    if (border && k > 0) timeline.fragment_begins();
    const auto placement = timeline.place(card.frame(k), kStart);
    drift.apart += placement.verdict == Verdict::kApart && k > 0;
    drift.dropped += placement.verdict == Verdict::kDrop;
    const auto step = placement.decode_ticks - last - 1024;
    last = placement.decode_ticks;
    if (border && k > 0) drift.longest_step = std::max(drift.longest_step, std::abs(step));
    if (!border) drift.unsteady += step != 0;
    const auto placed_ns = static_cast<double>(placement.decode_ticks) / 48'000 * 1e9;
    const auto error = std::abs(placed_ns - static_cast<double>(card.true_ns(k))) / 1e6;
    auto& worst = k > 30 * 48'000 / 1024 ? drift.worst_ms : drift.worst_start_ms;
    worst = std::max(worst, error);
  }
  return drift;
}

}  // namespace

TEST_CASE("sound follows a clock that is 2000 ppm off for ten minutes without a gap") {
  for (const double ppm : {-2000.0, -500.0, -20.0, 0.0, 20.0, 500.0, 2000.0}) {
    const auto drift = simulate(ppm, 600);
    INFO("ppm " << ppm << ": start " << drift.worst_start_ms << " ms, later " << drift.worst_ms
                << " ms, step " << drift.longest_step << " samples");
    CHECK(drift.apart == 0);
    CHECK(drift.dropped == 0);
    CHECK(drift.unsteady == 0);
    CHECK(drift.worst_start_ms < 15.0);
    CHECK(drift.worst_ms < 2.0);
    // 0.5 ms and what the card itself gains in a second
    CHECK(static_cast<double>(drift.longest_step) <= 24 + std::abs(ppm) * 1.25e-6 * 48'128 + 2);
  }
}

TEST_CASE("single late frames do not move the count") {
  AudioTimeline timeline(kStart, 48'000, 1024);
  Card card;
  for (std::int64_t k = 0; k < 200; ++k) {
    if (k > 0 && k % kFramesPerFragment == 0) timeline.fragment_begins();
    auto unit = card.frame(k);
    if (k % 20 == 19) unit.decode_time = unit.decode_time + std::chrono::milliseconds(40);
    const auto placement = timeline.place(unit, kStart);
    CHECK(placement.verdict == Verdict::kJoined);
    CHECK(std::abs(placement.decode_ticks - k * 1024) < 24);
  }
}

TEST_CASE("sound that is missing for more than 60 ms is a gap") {
  AudioTimeline timeline(kStart, 48'000, 1024);
  timeline.place(audio_unit(1, kStart), kStart);
  // the next is due at 21.33 ms
  const auto late = timeline.place(audio_unit(2, kStart + std::chrono::milliseconds(85)), kStart);
  CHECK(late.verdict == Verdict::kApart);
  CHECK(late.decode_ticks == 85 * 48);
  CHECK(timeline.place(audio_unit(3, kStart + Nanoseconds(106'333'333)), kStart).decode_ticks ==
        85 * 48 + 1024);
}

TEST_CASE("after a discontinuity one lost frame is a gap already") {
  AudioTimeline timeline(kStart, 48'000, 1024);
  timeline.place(audio_unit(1, kStart), kStart);
  auto unit = audio_unit(3, kStart + Nanoseconds(42'666'667));
  SECTION("with the flag") {
    unit.discontinuity = true;
    const auto placement = timeline.place(unit, kStart);
    CHECK(placement.verdict == Verdict::kApart);
    CHECK(placement.decode_ticks == 2048);
  }
  SECTION("without it the count goes on") {
    CHECK(timeline.place(unit, kStart).decode_ticks == 1024);
  }
}

TEST_CASE("sound that begins again after frames were left out lies where its own time says") {
  Card card;
  AudioTimeline timeline(kStart, 48'000, 1024);
  timeline.place(card.frame(0), kStart);
  timeline.left_out();
  const auto again = timeline.place(card.frame(2), kStart);
  CHECK(again.verdict == Verdict::kApart);
  CHECK(again.decode_ticks == Approx(2048).margin(10));
  CHECK(timeline.place(card.frame(4), kStart).verdict == Verdict::kJoined);  // once only
}

TEST_CASE("sound that comes twice is dropped in whole frames until the count is right") {
  AudioTimeline timeline(kStart, 48'000, 1024);
  Card card;
  for (std::int64_t k = 0; k < 20; ++k) timeline.place(card.frame(k), kStart);
  int dropped = 0;
  std::int64_t first_kept = -1;
  for (std::int64_t k = 10; k < 25; ++k) {  // ten frames again
    const auto placement = timeline.place(card.frame(k), kStart);
    if (placement.verdict == Verdict::kDrop) {
      ++dropped;
    } else if (first_kept < 0) {
      first_kept = placement.decode_ticks;
    }
  }
  CHECK(dropped == 10);
  CHECK(std::abs(first_kept - 20 * 1024) <= 7);  // the first frame's jitter
}

TEST_CASE("sound goes on where an earlier process ended if it is within 60 ms of it") {
  SECTION("near") {
    AudioTimeline timeline(kStart, 48'000, 1024, 48'000);
    const auto placement = timeline.place(audio_unit(1, kStart + std::chrono::milliseconds(1030)), kStart);
    CHECK(placement.verdict == Verdict::kJoined);
    CHECK(placement.decode_ticks == 48'000);
  }
  SECTION("far") {
    AudioTimeline timeline(kStart, 48'000, 1024, 48'000);
    const auto placement = timeline.place(audio_unit(1, kStart + std::chrono::milliseconds(1070)), kStart);
    CHECK(placement.verdict == Verdict::kApart);
    CHECK(placement.decode_ticks == 1070 * 48);
  }
}

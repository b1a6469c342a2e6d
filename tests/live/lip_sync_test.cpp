#include "capture/live/lip_sync.h"

#include <catch2/catch.hpp>

namespace shilu::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// 2026-11-21 08:00:00 UTC as an NTP timestamp: seconds since 1900 (RFC 868: 2'208'988'800 from there to
// 1970).
constexpr std::uint64_t kWall = (2'208'988'800ull + 1'795'248'000ull) << 32;

constexpr std::uint32_t kVideo = 0x1111;
constexpr std::uint32_t kAudio = 0x2222;

// Packets of 5 s. The capture instant of `t` arrives at 100 s + t + delay.
void send(LipSync& lip_sync, MediaKind kind, Nanoseconds delay, std::uint32_t first_timestamp) {
  const bool video = kind == MediaKind::kVideo;
  const std::uint32_t rate = video ? 90'000 : 48'000;
  for (int i = 0; i <= 125; ++i) {
    const auto time = milliseconds(40 * i);
    const auto ticks = static_cast<std::uint32_t>(i) * rate / 25;
    lip_sync.packet({kind,
                     video ? kVideo : kAudio,
                     rate,
                     first_timestamp + ticks,
                     {(seconds(100) + time + delay).count()}});
  }
}

// A report for the instant 1.5 s.
SenderReport report_of(std::uint32_t ssrc, std::uint32_t first_timestamp, std::uint32_t rate) {
  return {ssrc, kWall + (3ull << 31), first_timestamp + rate * 3 / 2};
}

TEST_CASE("the stream with the larger delay is moved by the difference") {
  LipSync lip_sync(seconds(2));
  // Timestamps of the picture wrap at 2^32 on the way.
  lip_sync.report(report_of(kVideo, 0xffff'0000, 90'000));
  lip_sync.report(report_of(kAudio, 7'000, 48'000));
  send(lip_sync, MediaKind::kVideo, milliseconds(180), 0xffff'0000);
  CHECK_FALSE(lip_sync.correction(MediaKind::kVideo));
  send(lip_sync, MediaKind::kAudio, milliseconds(30), 7'000);
  REQUIRE(lip_sync.correction(MediaKind::kVideo));
  CHECK(static_cast<double>(lip_sync.correction(MediaKind::kVideo)->count()) / 1e6 ==
        Approx(-150).margin(0.1));
  CHECK(lip_sync.correction(MediaKind::kAudio) == Nanoseconds(0));
}

TEST_CASE("nothing is known without the reports of both, nor before the times are settled") {
  LipSync lip_sync(seconds(2));
  send(lip_sync, MediaKind::kVideo, milliseconds(180), 0);
  send(lip_sync, MediaKind::kAudio, milliseconds(30), 0);
  lip_sync.report(report_of(kVideo, 0, 90'000));
  CHECK_FALSE(lip_sync.correction(MediaKind::kVideo));
  LipSync slow(seconds(6));
  slow.report(report_of(kVideo, 0, 90'000));
  slow.report(report_of(kAudio, 0, 48'000));
  send(slow, MediaKind::kVideo, milliseconds(180), 0);
  send(slow, MediaKind::kAudio, milliseconds(30), 0);
  CHECK_FALSE(slow.correction(MediaKind::kVideo));
}

TEST_CASE("a camera whose clocks disagree by seconds is left as it was measured") {
  LipSync lip_sync(seconds(2));
  lip_sync.report(report_of(kVideo, 0, 90'000));
  auto wrong = report_of(kAudio, 0, 48'000);
  wrong.ntp += 60ull << 32;
  lip_sync.report(wrong);
  send(lip_sync, MediaKind::kVideo, milliseconds(180), 0);
  send(lip_sync, MediaKind::kAudio, milliseconds(30), 0);
  CHECK(lip_sync.correction(MediaKind::kVideo) == Nanoseconds(0));
  CHECK(lip_sync.correction(MediaKind::kAudio) == Nanoseconds(0));
}

TEST_CASE("reports of many senders do not fill the memory, and a report without a clock counts for nothing") {
  LipSync lip_sync(seconds(2));
  for (std::uint32_t ssrc = 0; ssrc < 100'000; ++ssrc) lip_sync.report({ssrc, kWall, 0});
  lip_sync.report({kVideo, 0, 0});
  lip_sync.report({kAudio, 0, 0});
  send(lip_sync, MediaKind::kVideo, milliseconds(180), 0);
  send(lip_sync, MediaKind::kAudio, milliseconds(30), 0);
  CHECK_FALSE(lip_sync.correction(MediaKind::kVideo));
}

}  // namespace
}  // namespace shilu::live

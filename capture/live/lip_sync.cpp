#include "capture/live/lip_sync.h"

#include <algorithm>

#include "firmware/lesson/lesson_time.h"

namespace shilu::live {
namespace {

constexpr Nanoseconds kLargest = std::chrono::seconds(2);  // more is a wrong clock in the camera, not a delay
constexpr std::size_t kMostSenders = 16;
constexpr int kSmoothing = 32;  // packets

// Forwards or backwards, whichever is nearer.
Nanoseconds distance(std::uint32_t from, std::uint32_t to, std::uint32_t rate) {
  return Nanoseconds(ns_from_ticks(static_cast<std::int32_t>(to - from), rate));
}

Nanoseconds since_epoch(std::uint64_t ntp) {
  const auto seconds = static_cast<std::int64_t>(ntp >> 32);
  const auto fraction = static_cast<std::int64_t>((ntp & 0xffff'ffffu) * 1'000'000'000u >> 32);
  return Nanoseconds(seconds * 1'000'000'000 + fraction);
}

}  // namespace

void LipSync::packet(const RtpPacket& packet) {
  if (packet.rate == 0) return;
  const std::lock_guard lock(mutex_);
  auto& stream = streams_[index(packet.kind)];
  if (!stream.first || stream.first->ssrc != packet.ssrc) stream = {packet, std::nullopt};
  const bool settled =
      stream.delay || distance(stream.first->timestamp, packet.timestamp, packet.rate) >= settling_;
  const auto found = reports_.find(packet.ssrc);
  if (!settled || found == reports_.end()) return;
  const auto& report = found->second;
  const auto sent = since_epoch(report.ntp) + distance(report.timestamp, packet.timestamp, packet.rate);
  const auto delay = Nanoseconds(packet.measured.ns) - sent;
  stream.delay = stream.delay ? *stream.delay + (delay - *stream.delay) / kSmoothing : delay;
}

void LipSync::report(const SenderReport& report) {
  if (report.ntp == 0) return;  // a camera without a clock
  const std::lock_guard lock(mutex_);
  if (reports_.size() >= kMostSenders && !reports_.contains(report.ssrc)) reports_.clear();
  reports_[report.ssrc] = report;
}

std::optional<Nanoseconds> LipSync::correction(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  const auto& mine = streams_[index(kind)].delay;
  const auto& other = streams_[1 - index(kind)].delay;
  if (!mine || !other) return std::nullopt;
  if (std::chrono::abs(*mine - *other) > kLargest) return Nanoseconds(0);
  return std::min(*mine, *other) - *mine;
}

}  // namespace shilu::live

#include <algorithm>

#include "tests/net/line.h"

namespace shilu::net {

// The rate is kept by arithmetic, not by sleeping: a late caller does not slow the line down.
void Line::offer(MonotonicTime now, Bytes packet) {
  counters_.packets += 1;
  counters_.bytes += packet.size();
  counters_.tcp_payload += tcp_payload_size(packet);
  if (!survives(now, packet.size())) return;
  const auto size_bits = static_cast<std::int64_t>(packet.size()) * 8;
  free_at_ = std::max(free_at_, now);
  if (conditions_.rate_bps > 0)
    free_at_ = free_at_ + Nanoseconds(size_bits * 1'000'000'000 / conditions_.rate_bps);
  travelling_.push_back({arrival(free_at_), std::move(packet)});
}

bool Line::survives(MonotonicTime now, std::size_t size) {
  if (out_) {
    counters_.cut += 1;
    return false;
  }
  if (conditions_.loss > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < conditions_.loss) {
    counters_.lost += 1;
    return false;
  }
  const std::int64_t busy_ns = std::max<std::int64_t>(0, free_at_.ns - now.ns);
  const double queued = static_cast<double>(busy_ns) * static_cast<double>(conditions_.rate_bps) / 8e9;
  if (conditions_.rate_bps > 0 &&
      queued + static_cast<double>(size) > static_cast<double>(conditions_.queue_bytes)) {
    counters_.overflowed += 1;
    return false;
  }
  return true;
}

MonotonicTime Line::arrival(MonotonicTime departs) {
  const std::int64_t jitter = conditions_.jitter.count();
  const std::int64_t spread =
      jitter > 0 ? std::uniform_int_distribution<std::int64_t>(-jitter, jitter)(random_) : 0;
  const MonotonicTime arrives =
      departs + Nanoseconds(std::max<std::int64_t>(0, conditions_.delay.count() + spread));
  return travelling_.empty() ? arrives : std::max(arrives, travelling_.back().arrives);
}

std::optional<Bytes> Line::take_due(MonotonicTime now) {
  if (travelling_.empty() || travelling_.front().arrives > now) return std::nullopt;
  Bytes packet = std::move(travelling_.front().packet);
  travelling_.pop_front();
  return packet;
}

std::optional<MonotonicTime> Line::next_due() const {
  if (travelling_.empty()) return std::nullopt;
  return travelling_.front().arrives;
}

std::size_t tcp_payload_size(ByteView packet) {
  constexpr std::uint8_t kTcp = 6;
  if (packet.size() < 20) return 0;
  const bool version6 = packet[0] >> 4 == 6;
  const std::size_t header = version6 ? 40 : std::size_t{4} * (packet[0] & 0x0F);
  if (packet[version6 ? 6 : 9] != kTcp || packet.size() < header + 20) return 0;
  const std::size_t tcp_header = std::size_t{4} * (packet[header + 12] >> 4);
  return packet.size() < header + tcp_header ? 0 : packet.size() - header - tcp_header;
}

}  // namespace shilu::net

#include "tests/net/line.h"

#include <catch2/catch.hpp>

using namespace shilu;
using namespace shilu::net;
using namespace std::chrono_literals;

namespace {

constexpr MonotonicTime kStart{1'000'000'000};

// Packets that arrive up to `until`.
int arrived(Line& line, MonotonicTime until) {
  int count = 0;
  while (line.take_due(until)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a line carries as many bits a second as it has") {
  Line line({.rate_bps = 8'000'000, .queue_bytes = 1 << 20}, 1);
  for (int i = 0; i < 500; ++i) line.offer(kStart, Bytes(1000));  // 500 kB: half a second
  CHECK(arrived(line, kStart + 250ms) == 250);
  CHECK(line.next_due() == kStart + 251ms);
  CHECK(arrived(line, kStart + 500ms) == 250);
}

TEST_CASE("a line that was idle does not catch up") {
  Line line({.rate_bps = 8'000'000}, 1);
  line.offer(kStart, Bytes(1000));
  line.offer(kStart + 10s, Bytes(1000));
  CHECK(arrived(line, kStart + 10s) == 1);
  CHECK(line.next_due() == kStart + 10s + 1ms);
}

TEST_CASE("what does not fit into the queue is dropped at its tail") {
  Line line({.rate_bps = 8'000'000, .queue_bytes = 10'000}, 1);
  for (int i = 0; i < 25; ++i) line.offer(kStart, Bytes(1000));
  CHECK(line.counters().overflowed == 15);
  CHECK(arrived(line, kStart + 1s) == 10);
}

TEST_CASE("delay is added behind the rate, and jitter overtakes nothing") {
  Line line({.rate_bps = 8'000'000, .delay = 75ms, .jitter = 10ms, .queue_bytes = 1 << 20}, 7);
  for (std::uint8_t i = 0; i < 200; ++i) line.offer(kStart, Bytes(1000, i));
  MonotonicTime before = kStart;
  for (std::uint8_t i = 0; i < 200; ++i) {
    const auto due = line.next_due();
    REQUIRE(due);
    const auto travelled = *due - kStart;
    CHECK(travelled >= 65ms + 1ms * (i + 1));
    CHECK(travelled <= 85ms + 1ms * 200);
    CHECK(*due >= before);
    before = *due;
    CHECK(line.take_due(*due).value().front() == i);
  }
}

TEST_CASE("loss takes about its share") {
  Line line({.loss = 0.1}, 3);
  for (int i = 0; i < 10'000; ++i) line.offer(kStart, Bytes(100));
  // 1000 expected, standard deviation 30: within five of them.
  CHECK(line.counters().lost > 850);
  CHECK(line.counters().lost < 1150);
}

TEST_CASE("in an outage everything is lost but what was on its way") {
  Line line({.delay = 50ms}, 1);
  line.offer(kStart, Bytes(100));
  line.set_out(true);
  line.offer(kStart + 1ms, Bytes(100));
  CHECK(arrived(line, kStart + 1s) == 1);
  CHECK(line.counters().cut == 1);
  line.set_out(false);
  line.offer(kStart + 2s, Bytes(100));
  CHECK(arrived(line, kStart + 3s) == 1);
}

TEST_CASE("only what TCP carries counts as payload") {
  Bytes packet(20 + 32 + 700);  // IPv4 without options, TCP with 12 bytes of them
  packet[0] = 0x45;
  packet[9] = 6;
  packet[20 + 12] = 0x80;
  CHECK(tcp_payload_size(packet) == 700);
  packet[9] = 17;  // UDP
  CHECK(tcp_payload_size(packet) == 0);
  Bytes six(40 + 20 + 5);
  six[0] = 0x60;
  six[6] = 6;
  six[40 + 12] = 0x50;
  CHECK(tcp_payload_size(six) == 5);
  CHECK(tcp_payload_size(Bytes(19)) == 0);
}

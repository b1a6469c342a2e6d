#include "firmware/http/transfer_watch.h"

#include <catch2/catch.hpp>

using namespace shilu::http;
using namespace std::chrono_literals;
using Verdict = TransferWatch::Verdict;

namespace {

const TransferWatch::Time kStart{1000s};

TransferWatch watch_of(std::uint64_t body_size) {
  return TransferWatch({25s, 30s, body_size});
}

}  // namespace

TEST_CASE("before the connection stands nothing is judged") {
  CHECK(watch_of(10).verdict(kStart + 1h) == Verdict::kGoOn);
}

TEST_CASE("a body of which no more is acknowledged stalls; one byte more is progress") {
  auto watch = watch_of(10);
  watch.on_started(kStart);
  CHECK(watch.verdict(kStart + 25s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 26s) == Verdict::kStalled);
  watch.on_sample(kStart + 20s, 1, 0);
  CHECK(watch.verdict(kStart + 45s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 46s) == Verdict::kStalled);
}

TEST_CASE("the time that the source takes is not the peer's") {
  auto watch = watch_of(10);
  watch.on_started(kStart);
  watch.on_source_read(kStart + 60s);
  CHECK(watch.verdict(kStart + 61s) == Verdict::kGoOn);
}

TEST_CASE("the answer's time begins with the last byte acknowledged") {
  auto watch = watch_of(10);
  watch.on_started(kStart);
  watch.on_sample(kStart + 20s, 10, 0);
  CHECK(watch.verdict(kStart + 50s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 51s) == Verdict::kNoAnswer);
  auto without_body = watch_of(0);
  without_body.on_started(kStart);
  CHECK(without_body.verdict(kStart + 30s) == Verdict::kGoOn);
  CHECK(without_body.verdict(kStart + 31s) == Verdict::kNoAnswer);
}

TEST_CASE("an answer must bring a KiB in each window") {
  auto watch = watch_of(0);
  watch.on_started(kStart);
  watch.on_head(kStart + 1s);
  watch.on_sample(kStart + 20s, 0, 1023);
  CHECK(watch.verdict(kStart + 32s) == Verdict::kTrickle);
  watch.on_sample(kStart + 30s, 0, 1024);
  CHECK(watch.verdict(kStart + 60s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 61s) == Verdict::kTrickle);
}

TEST_CASE("a peer that gives no sign while data is under way is silent, slower lines get more time") {
  TransferWatch watch({25s, 30s, 1000, 2s});
  watch.on_started(kStart);
  watch.on_line(kStart + 1s, {true, 0ms, 100ms});
  CHECK(watch.verdict(kStart + 3s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 3100ms) == Verdict::kSilent);
  watch.on_line(kStart + 3s, {true, 500ms, 100ms});  // a sign half a second ago
  CHECK(watch.verdict(kStart + 4500ms) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 4600ms) == Verdict::kSilent);
  watch.on_line(kStart + 4s, {true, 1500ms, 900ms});  // 4 retransmission timeouts: 3.6 s
  CHECK(watch.verdict(kStart + 6s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 6200ms) == Verdict::kSilent);
}

TEST_CASE("what begins to wait now is not silent for what the peer did not say before") {
  TransferWatch watch({25s, 30s, 1000, 2s});
  watch.on_started(kStart);
  watch.on_line(kStart + 5s, {false, 5s, 100ms});  // a pause of ours; probes are answered each second
  watch.on_line(kStart + 6s, {true, 6s, 100ms});
  CHECK(watch.verdict(kStart + 8s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 8100ms) == Verdict::kSilent);
}

TEST_CASE("a connection without data is silent when its probes are not answered") {
  TransferWatch watch({25s, 30s, 0, 2s});
  watch.on_started(kStart);
  watch.on_line(kStart + 1s, {false, 0ms, 100ms});
  CHECK(watch.verdict(kStart + 7s) == Verdict::kGoOn);
  CHECK(watch.verdict(kStart + 7100ms) == Verdict::kSilent);
}

TEST_CASE("a body that our own limit holds back does not stall") {
  auto watch = watch_of(10);
  watch.on_started(kStart);
  watch.on_held_back(kStart + 60s);
  CHECK(watch.verdict(kStart + 61s) == Verdict::kGoOn);
}

TEST_CASE("acknowledged bytes never go back and never pass the body") {
  auto watch = watch_of(10);
  watch.on_started(kStart);
  watch.on_sample(kStart, 7, 0);
  watch.on_sample(kStart, 5, 0);
  CHECK(watch.acked() == 7);
  watch.on_sample(kStart, 12, 0);
  CHECK(watch.acked() == 10);
}

#include "firmware/http/transfer_watch.h"

#include <algorithm>

namespace shilu::http {

void TransferWatch::on_started(Time now) {
  started_ = last_move_ = last_sign_ = now;
  all_acked_.reset();
  if (limits_.body_size == 0) all_acked_ = now;
}

void TransferWatch::on_source_read(Time now) {
  last_move_ = now;
}

void TransferWatch::on_rewound() {
  acked_ = 0;
  all_acked_.reset();
}

void TransferWatch::on_head(Time now) {
  head_ = window_begin_ = last_move_ = now;
  window_received_ = 0;
}

void TransferWatch::on_sample(Time now, std::uint64_t acked, std::uint64_t received) {
  if (acked > acked_) {
    acked_ = std::min(acked, limits_.body_size);
    last_move_ = now;
  }
  if (started_ && !all_acked_ && acked_ >= limits_.body_size) all_acked_ = now;
  if (head_ && received >= window_received_ + kLeastBodyPerWindow) {
    window_received_ = received;
    window_begin_ = last_move_ = now;
  }
}

void TransferWatch::on_line(Time now, const Line& line) {
  // What began to wait just now could not be acknowledged before.
  if (line.under_way && !under_way_) last_sign_ = std::max(last_sign_, now);
  last_sign_ = std::max(last_sign_, now - line.heard);
  under_way_ = line.under_way;
  rto_ = line.rto;
}

void TransferWatch::on_held_back(Time now) {
  last_move_ = now;
}

bool TransferWatch::is_silent(Time now) const {
  if (limits_.silence.count() == 0) return false;
  const auto limit = std::max(limits_.silence, kRtos * rto_);
  return now - last_sign_ > (under_way_ ? limit : limit + kProbes);
}

TransferWatch::Verdict TransferWatch::verdict(Time now) const {
  if (!started_) return Verdict::kGoOn;  // the connect timeouts rule
  if (is_silent(now)) return Verdict::kSilent;
  // An early answer does not end the sending: whichever of the two still moves counts.
  if (!all_acked_) return now - last_move_ > limits_.stall ? Verdict::kStalled : Verdict::kGoOn;
  if (head_) return now - window_begin_ > limits_.answer ? Verdict::kTrickle : Verdict::kGoOn;
  return now - *all_acked_ > limits_.answer ? Verdict::kNoAnswer : Verdict::kGoOn;
}

}  // namespace shilu::http

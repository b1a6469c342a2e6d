#include "capture/recorder/track_store.h"

#include <algorithm>

namespace shilu::recorder {

Nanoseconds TrackStore::held_time() const {
  if (waiting.empty() && written.empty()) return Nanoseconds(0);
  const auto& first = written.empty() ? waiting.front() : written.front().fragment;
  const auto& last = waiting.empty() ? written.back().fragment : waiting.back();
  return last.end() - first.start();
}

void TrackStore::drop_front_group(GapReason reason, MonotonicTime now) {
  do {
    held_bytes -= std::min(held_bytes, waiting.front().size_bytes());
    waiting.pop_front();
    ++state.counters.dropped;
  } while (!waiting.empty() && !waiting.front().key());
  lost = reason;
  wants_key = waiting.empty();
  dropped_at = now;
  note_held();
}

void TrackStore::note_held() {
  if (!written.empty()) {
    held_since = written.front().fragment.offered_at;
  } else if (writing_since.ns > 0) {
    held_since = writing_since;
  } else if (!waiting.empty()) {
    held_since = waiting.front().offered_at;
  } else if (syncing == 0) {
    held_since = MonotonicTime{0};
  }
}

bool TrackStore::declared_missing(const Fragment& fragment) const {
  if (!state.anything || state.number >= 0) return false;
  const Nanoseconds slack(
      ns_from_ticks(fragment.format->tolerance_ticks(), fragment.format->parameters.timescale));
  return fragment.start() + slack < state.durable_until;
}

void TrackStore::take_back() {
  for (; !written.empty(); written.pop_back()) waiting.push_front(std::move(written.back().fragment));
  write_sequence = state.next_sequence;
  write_epoch = state.next_epoch;
  file.reset();
  rewrite = false;
}

}  // namespace shilu::recorder

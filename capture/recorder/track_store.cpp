#include "capture/recorder/track_store.h"

namespace shilu::recorder {

Nanoseconds TrackStore::held_time() const {
  if (waiting.empty() && written.empty()) return Nanoseconds(0);
  const auto& first = written.empty() ? waiting.front() : written.front().fragment;
  const auto& last = waiting.empty() ? written.back().fragment : waiting.back();
  return last.end() - first.start();
}

void TrackStore::take_back() {
  for (; !written.empty(); written.pop_back()) waiting.push_front(std::move(written.back().fragment));
  write_sequence = state.next_sequence;
  write_epoch = state.next_epoch;
  file.reset();
  rewrite = false;
}

}  // namespace shilu::recorder

// What is kept and what is given up where memory or the disk has too little room.

#include <algorithm>
#include <set>
#include <utility>

#include "capture/recorder/lesson_writer.h"
#include "firmware/base/log.h"

namespace shilu::recorder {
namespace {

constexpr Nanoseconds kFullStaysFull = std::chrono::seconds(30);

}  // namespace

std::vector<TrackReport> LessonWriter::tracks() const {
  const std::lock_guard lock(mutex_);
  std::vector<TrackReport> reports;
  for (const auto& store : stores_) {
    reports.push_back({store->state, store->proven_until, store->durable_at, store->held_since,
                       store->dropped_at, store->no_room, store->left_behind});
  }
  return reports;
}

void LessonWriter::set_value(std::size_t track, int value) {
  const std::lock_guard lock(mutex_);
  stores_[track]->state.value = value;
}

std::optional<GapReason> LessonWriter::offer(std::size_t track, Fragment fragment, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  auto& store = *stores_[track];
  const auto size = fragment.size_bytes();
  last_offer_ = now;
  const auto lose = [&](GapReason reason) {
    ++store.state.counters.dropped;
    store.dropped_at = now;
    return reason;
  };
  if (storage_full_ || store.no_room) return lose(GapReason::kDiskFull);
  if (store.declared_missing(fragment)) {
    store.wants_key = true;
    store.lost = GapReason::kSourceLost;
    return lose(GapReason::kSourceLost);
  }
  if (store.wants_key && !fragment.key()) return lose(store.lost.value_or(GapReason::kQueueOverflow));
  const bool too_long = store.state.kind != MediaKind::kAudio && store.held_time() > limits_.held_time;
  const bool full = store.held_bytes + size > limits_.held_bytes || too_long;
  if (full || !make_room(size, store.state.value, now)) return lose(GapReason::kQueueOverflow);
  store.wants_key = false;
  store.held_bytes += size;
  fragment.offered_at = now;
  store.waiting.push_back(std::move(fragment));
  if (store.held_since.ns == 0) store.held_since = now;
  return std::nullopt;
}

// Under mutex_. Room for a fragment of a track of this value; false: only more valuable ones could make it.
bool LessonWriter::make_room(std::uint64_t size, int value, MonotonicTime now) {
  for (;;) {
    std::uint64_t held = size;
    TrackStore* least = nullptr;
    for (const auto& store : stores_) {
      held += store->held_bytes;
      if (store->waiting.empty() || store->state.value >= value) continue;
      if (least == nullptr || store->state.value < least->state.value) least = store.get();
    }
    if (held <= limits_.held_in_all) return true;
    if (least == nullptr) return false;
    least->drop_front_group(GapReason::kQueueOverflow, now);
  }
}

bool LessonWriter::give_up_least() {
  const std::lock_guard lock(mutex_);
  std::set<int> values;
  for (const auto& store : stores_) {
    if (!store->no_room) values.insert(store->state.value);
  }
  if (values.size() < 2) return false;
  for (const auto& store : stores_) {
    if (store->no_room || store->state.value != *values.begin()) continue;
    log_error("the disk is nearly full: {} is no longer recorded", store->state.name);
    store->no_room = true;
    while (!store->waiting.empty()) store->drop_front_group(GapReason::kDiskFull, last_offer_);
    store->lost = GapReason::kDiskFull;
    store->wants_key = true;
  }
  return true;
}

void LessonWriter::give_up_waiting() {
  const std::lock_guard lock(mutex_);
  for (const auto& store : stores_) {
    if (store->waiting.empty()) continue;
    while (!store->waiting.empty()) store->drop_front_group(GapReason::kQueueOverflow, last_offer_);
    store->left_behind = true;
    log_error("the disk is too slow: the end of {} is lost", store->state.name);
  }
}

// Under mutex_.
bool LessonWriter::reserves(const TrackStore& store) const {
  return reserves_ && !store.no_room;
}

// The writer's thread: the space that was reserved ahead where the disk is short of it.
void LessonWriter::give_back_room() {
  std::vector<TrackStore*> stores;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& store : stores_) stores.push_back(store.get());
  }
  bool all = true;
  for (auto* store : stores) {
    {
      const std::lock_guard lock(mutex_);
      all = all && !reserves_;
      if (reserves(*store)) continue;
      if (store->rewrite) {
        all = false;
        continue;
      }
    }
    if (!store->file) continue;
    if (const auto done = store->file->give_back(); !done) log_warning("{}", done.error().message);
  }
  const std::lock_guard lock(mutex_);
  nothing_reserved_ = all && !reserves_;
}

bool LessonWriter::stop_reserving() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reserves_, false);
}

bool LessonWriter::nothing_reserved() const {
  const std::lock_guard lock(mutex_);
  return nothing_reserved_;
}

void LessonWriter::meet_full_disk() {
  const bool gives_back = stop_reserving() || !nothing_reserved();
  if (!gives_back && !give_up_least()) note_storage_full();
  const std::lock_guard lock(mutex_);
  met_full_ = last_offer_;
}

std::size_t LessonWriter::values_recorded() const {
  const std::lock_guard lock(mutex_);
  std::set<int> values;
  for (const auto& store : stores_) {
    if (!store->no_room) values.insert(store->state.value);
  }
  return values.size();
}

void LessonWriter::take_all_again() {
  const std::lock_guard lock(mutex_);
  if (met_full_ && last_offer_ - *met_full_ < kFullStaysFull) return;
  met_full_.reset();
  reserves_ = true;
  nothing_reserved_ = false;
  for (const auto& store : stores_) store->no_room = false;
}

bool LessonWriter::idle() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(stores_.begin(), stores_.end(), [](const auto& store) {
    return store->waiting.empty() && store->writing_since.ns == 0 && store->written.empty() &&
           store->syncing == 0;
  });
}

bool LessonWriter::storage_full() const {
  const std::lock_guard lock(mutex_);
  return storage_full_;
}

void LessonWriter::note_storage_full() {
  const std::lock_guard lock(mutex_);
  storage_full_ = true;
}

}  // namespace shilu::recorder

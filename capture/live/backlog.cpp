#include "capture/live/backlog.h"

#include <algorithm>

namespace shilu::live {
namespace {

constexpr std::size_t kMaxStates = 64;  // a peer that is further behind misses the oldest

bool equal(const link::TrackParameters& left, const link::TrackParameters& right) {
  return left.kind == right.kind && left.parameters == right.parameters &&
         left.nominal_ticks == right.nominal_ticks;
}

}  // namespace

void Backlog::mirror_to(Backlog& live, Mirrored what) {
  live_ = &live;
  mirrored_ = what;
}

bool Backlog::mirrors(MediaKind kind) const {
  if (live_ == nullptr) return false;
  return mirrored_ == Mirrored::kAll || (kind == MediaKind::kVideo) == (mirrored_ == Mirrored::kPictures);
}

void Backlog::set_parameters(link::TrackParameters parameters) {
  if (mirrors(parameters.kind)) live_->set_parameters(parameters);
  const std::lock_guard lock(mutex_);
  auto& track = tracks_[index(parameters.kind)];
  if (track.parameters && equal(*track.parameters, parameters)) return;
  track.parameters = std::make_shared<const link::TrackParameters>(std::move(parameters));
  changed_.notify_all();
}

void Backlog::append(link::AccessUnit unit) {
  if (mirrors(unit.kind)) live_->append(unit);
  const std::lock_guard lock(mutex_);
  auto& track = tracks_[index(unit.kind)];
  unit.number = ++track.last_number;
  if (track.lost_before_next && !unit.sync) {  // the rest of a GOP whose beginning is gone
    ++dropped_;
    return;
  }
  track.bytes += unit.data.size();
  track.units.push_back({std::make_shared<const link::AccessUnit>(std::move(unit)), track.parameters,
                         std::exchange(track.lost_before_next, false)});
  while (over_limit(track)) drop_gop(track);
  changed_.notify_all();
}

void Backlog::set_state(link::StateChange state) {
  if (live_ != nullptr && mirrored_ != Mirrored::kPictures) live_->set_state(state);
  const std::lock_guard lock(mutex_);
  const auto number = states_.empty() ? 1 : states_.back().number + 1;
  states_.push_back({number, std::move(state), {tracks_[0].last_number, tracks_[1].last_number}});
  if (states_.size() > kMaxStates) states_.pop_front();
  changed_.notify_all();
}

void Backlog::acknowledge(const link::Durable& durable) {
  const std::lock_guard lock(mutex_);
  auto& track = tracks_[index(durable.kind)];
  while (!track.units.empty() && track.units.front().unit->number <= durable.number) pop_front(track);
}

bool Backlog::over_limit(const Track& track) const {
  if (track.units.empty()) return false;
  const auto span = track.units.back().unit->decode_time - track.units.front().unit->decode_time;
  return span > limits_.duration || track.bytes > limits_.bytes;
}

void Backlog::drop_gop(Track& track) {
  do {
    pop_front(track);
    ++dropped_;
  } while (!track.units.empty() && !track.units.front().unit->sync);
  (track.units.empty() ? track.lost_before_next : track.units.front().lost_before) = true;
}

void Backlog::pop_front(Track& track) {
  track.bytes -= track.units.front().unit->data.size();
  track.units.pop_front();
}

Backlog::Cursor Backlog::at_last_key() const {
  const std::lock_guard lock(mutex_);
  Cursor cursor;
  const auto& pictures = tracks_[index(MediaKind::kVideo)].units;
  const auto key =
      std::find_if(pictures.rbegin(), pictures.rend(), [](const Unit& one) { return one.unit->sync; });
  if (key == pictures.rend()) return cursor;
  cursor.next[index(MediaKind::kVideo)] = key->unit->number;
  for (const auto& sound : tracks_[index(MediaKind::kAudio)].units) {
    if (sound.unit->decode_time >= key->unit->decode_time) break;
    cursor.next[index(MediaKind::kAudio)] = sound.unit->number + 1;
  }
  return cursor;
}

std::optional<link::Message> Backlog::next(Cursor& cursor) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (cursor.ended) return std::nullopt;
    if (auto state = take_state(cursor)) return state;
    if (auto unit = take_unit(cursor)) return unit;
    if (auto parameters = take_announced(cursor)) return parameters;
    changed_.wait(lock);
  }
}

std::optional<link::Message> Backlog::next_ready(Cursor& cursor) {
  const std::lock_guard lock(mutex_);
  if (cursor.ended) return std::nullopt;
  if (auto state = take_state(cursor)) return state;
  if (auto unit = take_unit(cursor)) return unit;
  return take_announced(cursor);
}

bool Backlog::let_gather(const Cursor& cursor, Nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !ended_.wait_for(lock, time, [&] { return cursor.ended; });
}

void Backlog::end(Cursor& cursor) {
  const std::lock_guard lock(mutex_);
  cursor.ended = true;
  changed_.notify_all();
  ended_.notify_all();
}

std::optional<link::Message> Backlog::take_state(Cursor& cursor) const {
  if (states_.empty()) return std::nullopt;
  if (!cursor.state) {
    cursor.state = states_.back().number;
    return states_.back().change;
  }
  const auto is_new = [&](const State& state) { return state.number > *cursor.state; };
  const auto found = std::find_if(states_.begin(), states_.end(), is_new);
  if (found == states_.end()) return std::nullopt;
  for (std::size_t kind = 0; kind < tracks_.size(); ++kind) {
    const auto* unit = wanted(kind, cursor);
    if (unit != nullptr && unit->unit->number <= found->after[kind]) return std::nullopt;  // it comes first
  }
  cursor.state = found->number;
  return found->change;
}

// The oldest unit of the kind that the peer has not had; what went from the front meanwhile is passed over.
const Backlog::Unit* Backlog::wanted(std::size_t kind, Cursor& cursor) const {
  const auto& units = tracks_[kind].units;
  if (units.empty()) return nullptr;
  const auto first = units.front().unit->number;
  cursor.next[kind] = std::max(cursor.next[kind], first);
  const auto place = cursor.next[kind] - first;
  return place < units.size() ? &units[place] : nullptr;
}

std::optional<link::Message> Backlog::take_unit(Cursor& cursor) const {
  const std::array<const Unit*, 2> units{wanted(0, cursor), wanted(1, cursor)};
  if (units[0] == nullptr && units[1] == nullptr) return std::nullopt;
  const bool sound = units[0] == nullptr ||
                     (units[1] != nullptr && units[1]->unit->decode_time < units[0]->unit->decode_time);
  const std::size_t kind = sound ? 1 : 0;
  const auto& chosen = *units[kind];
  if (cursor.parameters[kind] != chosen.parameters) {
    cursor.parameters[kind] = chosen.parameters;
    if (chosen.parameters) return *chosen.parameters;
  }
  ++cursor.next[kind];
  auto message = *chosen.unit;
  message.discontinuity = message.discontinuity || chosen.lost_before;
  return message;
}

// Of a kind that is known but of which nothing came: whoever records knows what is missing.
std::optional<link::Message> Backlog::take_announced(Cursor& cursor) const {
  for (std::size_t kind = 0; kind < tracks_.size(); ++kind) {
    const auto& track = tracks_[kind];
    if (cursor.parameters[kind] || !track.parameters || track.last_number != 0) continue;
    cursor.parameters[kind] = track.parameters;
    return *track.parameters;
  }
  return std::nullopt;
}

Backlog::Held Backlog::held(MediaKind kind) const {
  const std::lock_guard lock(mutex_);
  const auto& track = tracks_[index(kind)];
  return {track.units.size(), track.bytes};
}

std::uint64_t Backlog::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace shilu::live

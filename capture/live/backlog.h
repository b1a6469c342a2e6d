#pragma once
// Everything the capture holds until the recorder has called it durable, in order: units per kind, the
// parameters that they need, and what happened to the source. Streaming threads put in and never wait; one
// peer at a time reads with a Cursor, and its successor reads the same units again from the oldest that is
// not durable.
//
// Full (30 s or 64 MiB of one kind): whole GOPs go from the front and the next unit carries `discontinuity`.
// Thread-safe; any number of cursors may read at the same time.

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "capture/link/link.h"

namespace shilu::live {

struct BacklogLimits {
  Nanoseconds duration = std::chrono::seconds(30);
  std::size_t bytes = 64u << 20;
};

class Backlog {
 public:
  explicit Backlog(BacklogLimits limits = {}) : limits_(limits) {}

  // What the next units of this kind need, told to a peer also while none is there. Before the first unit of
  // a kind; equal ones change nothing.
  void set_parameters(link::TrackParameters parameters);
  // Gives the unit its number.
  void append(link::AccessUnit unit);
  void set_state(link::StateChange state);
  void acknowledge(const link::Durable& durable);
  // From now on what comes in also goes into `live`, for those who look on; pictures only with kPictures.
  // Before the first unit. `live` lives longer than this.
  enum class Mirrored { kPictures, kSoundAndStates, kAll };
  void mirror_to(Backlog& live, Mirrored what);

  // Where a peer is. A new one begins with the last state and the oldest unit.
  struct Cursor {
    std::array<std::uint64_t, 2> next{1, 1};
    std::array<std::shared_ptr<const link::TrackParameters>, 2> parameters;
    std::optional<std::uint64_t> state;
    bool ended = false;
  };
  // For who wants to see the present: begins with the last sync picture and the sound since then.
  Cursor at_last_key() const;
  // The next message for the peer; waits for one. nullopt once another thread has ended the cursor.
  std::optional<link::Message> next(Cursor& cursor);
  // The same without waiting: nullopt as well when there is none.
  std::optional<link::Message> next_ready(Cursor& cursor);
  // Lets messages gather for so long, without waking at each; false once another thread has ended the cursor.
  bool let_gather(const Cursor& cursor, Nanoseconds time);
  void end(Cursor& cursor);

  struct Held {
    std::size_t units = 0;
    std::size_t bytes = 0;
  };
  Held held(MediaKind kind) const;
  std::uint64_t dropped() const;  // units that went without having been durable

 private:
  struct Unit {
    std::shared_ptr<const link::AccessUnit> unit;
    std::shared_ptr<const link::TrackParameters> parameters;
    bool lost_before = false;
  };
  struct Track {
    std::deque<Unit> units;
    std::size_t bytes = 0;
    std::uint64_t last_number = 0;
    std::shared_ptr<const link::TrackParameters> parameters;
    bool lost_before_next = false;
  };
  struct State {
    std::uint64_t number = 0;
    link::StateChange change;
    std::array<std::uint64_t, 2> after{};  // the units that came before it
  };

  static std::size_t index(MediaKind kind) { return kind == MediaKind::kVideo ? 0 : 1; }
  bool over_limit(const Track& track) const;
  void drop_gop(Track& track);
  void pop_front(Track& track);
  std::optional<link::Message> take_state(Cursor& cursor) const;
  std::optional<link::Message> take_unit(Cursor& cursor) const;
  std::optional<link::Message> take_announced(Cursor& cursor) const;
  const Unit* wanted(std::size_t kind, Cursor& cursor) const;

  bool mirrors(MediaKind kind) const;

  const BacklogLimits limits_;
  Backlog* live_ = nullptr;  // set once, before the first unit
  Mirrored mirrored_ = Mirrored::kAll;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable ended_;
  std::array<Track, 2> tracks_;  // all below guarded by mutex_
  std::deque<State> states_;
  std::uint64_t dropped_ = 0;
};

}  // namespace shilu::live

#pragma once
// The way of one track's fragments to the disk: waiting -> written -> durable. A fragment keeps its samples
// until its bytes are durable, so a file that fails is written anew. Guarded by LessonWriter's mutex, except
// `file`, which the writer's thread alone touches.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "capture/recorder/epoch_file.h"

namespace shilu::recorder {

// What status tells of a track, and what a resumed one begins with.
struct TrackCounters {
  std::uint64_t bytes = 0;  // durable, headers included
  std::uint64_t fragments = 0;
  std::uint64_t gaps = 0;
  std::uint64_t received = 0;
  std::uint64_t expected = 0;  // from the usual rate, gaps included
  std::uint64_t dropped = 0;   // fragments given up because the disk was too slow or full
};

struct TrackState {
  std::string name;
  MediaKind kind = MediaKind::kVideo;
  int number = -1;                  // in the journal; -1: no epoch yet
  std::uint16_t next_epoch = 0;     // behind the last journalled one
  std::uint32_t next_sequence = 0;  // behind the last journalled one
  bool anything = false;            // a fragment or a gap is in the journal
  LessonTime durable_until;  // fragments and gaps tile [0, here], in the journal or in what it gets next
  int value = 0;             // what is given up first where room is short: the lowest
  TrackCounters counters;
  std::string codec;  // of the last epoch
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  double rate = 0;  // samples per second, usual
};

struct WrittenFragment {
  Fragment fragment;
  journal::FragmentRecord record;
  std::shared_ptr<EpochFile> file;  // lives until its last fragment is durable, on whichever thread that ends
};

struct TrackStore {
  TrackState state;
  std::deque<Fragment> waiting;
  std::deque<WrittenFragment> written;
  MonotonicTime writing_since;       // the writer has a fragment in hand that was offered then; 0: none
  std::size_t syncing = 0;           // fragments that the sync thread has in hand
  bool rewrite = false;              // the file failed: all that is written waits again
  std::optional<GapReason> lost;     // a fragment was given up: why the next has a gap before it
  bool wants_key = false;            // what would come next leans on what was given up
  bool no_room = false;              // the disk is too full for tracks of this value: nothing is taken
  bool left_behind = false;          // at an end: what was not durable was given up
  MonotonicTime held_since;          // the oldest that is not durable was offered; 0: there is none
  MonotonicTime dropped_at;          // when a fragment was last given up; 0: never
  std::uint64_t held_bytes = 0;      // of all that is not durable
  MonotonicTime absent_since;        // nothing of it came since then, though it could; 0: not asked yet
  Nanoseconds missing_unrated{0};    // in gaps that were declared before its rate was known
  LessonTime proven_until;           // of state.durable_until what the journal on disk has
  MonotonicTime durable_at;          // when bytes were last made durable; 0: never
  std::uint32_t write_sequence = 0;  // the writer's: of the next fragment
  std::uint16_t write_epoch = 0;     // the writer's: of the next file
  std::shared_ptr<EpochFile> file;   // the writer's
  std::shared_ptr<EpochFile> durable_file;  // the last whose epoch event is in the journal
  std::uint64_t durable_size = 0;           // of it: where its last durable fragment ends

  Nanoseconds held_time() const;
  // What waits from the front up to the next key goes: a whole GOP. Nothing of it was written.
  void drop_front_group(GapReason reason, MonotonicTime now);
  // Something became durable or was given up.
  void note_held();
  bool needs_file(const Fragment& fragment) const { return !file || !(file->format() == *fragment.format); }
  // It is older than what was journalled of a track of which there was nothing.
  bool declared_missing(const Fragment& fragment) const;
  // Puts what is written back in front of what waits. Only while nothing is being synced.
  void take_back();
};

}  // namespace shilu::recorder

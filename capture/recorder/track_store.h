#pragma once
// The way of one track's fragments to the disk: waiting -> written -> durable. A fragment keeps its samples until its
// bytes are durable, so a file that fails is written anew. Guarded by LessonWriter's mutex, except `file`, which the
// writer's thread alone touches.

#include <deque>
#include <memory>
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
};

struct TrackState {
  std::string name;
  MediaKind kind = MediaKind::kVideo;
  int number = -1;                // in the journal; -1: no epoch yet
  std::uint16_t next_epoch = 0;   // behind the last journalled one
  std::uint32_t next_sequence = 0;  // behind the last journalled one
  LessonTime durable_until;       // fragments and gaps tile [0, here]
  TrackCounters counters;
  std::string codec;              // of the last epoch
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  double rate = 0;                // samples per second, usual
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
  std::size_t syncing = 0;              // fragments that the sync thread has in hand
  bool rewrite = false;                 // the file failed: all that is written waits again
  bool lost_one = false;                // a fragment was given up, the next has a gap before it
  std::uint64_t held_bytes = 0;         // of all that is not durable
  MonotonicTime durable_at;             // when bytes were last made durable; 0: never
  std::uint32_t write_sequence = 0;     // the writer's: of the next fragment
  std::uint16_t write_epoch = 0;        // the writer's: of the next file
  std::shared_ptr<EpochFile> file;      // the writer's
  std::shared_ptr<EpochFile> durable_file;  // the last whose epoch event is in the journal
  std::uint64_t durable_size = 0;           // of it: where its last durable fragment ends

  Nanoseconds held_time() const;
  bool needs_file(const Fragment& fragment) const { return !file || !(file->format() == *fragment.format); }
  // Puts what is written back in front of what waits. Only while nothing is being synced.
  void take_back();
};

}  // namespace shilu::recorder

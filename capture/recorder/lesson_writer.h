#pragma once
// Puts fragments on disk in the order that survives a power cut: the bytes, then their records, then what is
// told. Three parties: whoever offers (any thread), the writer's thread (write_waiting), the sync thread
// (sync). No lock is held across I/O of media.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "capture/recorder/lesson_journal.h"
#include "capture/recorder/track_store.h"

namespace shilu::recorder {

struct WriterLimits {
  std::uint64_t held_bytes = 64u << 20;              // per track, not durable yet
  Nanoseconds held_time = std::chrono::seconds(60);  // of pictures; sound is small and not to be lost first
  std::uint64_t held_in_all = 192u << 20;            // of all tracks
};

// Told on the sync thread, once the journal is durable.
class DurableListener {
 public:
  virtual ~DurableListener() = default;
  virtual void epoch_durable(const journal::EpochEvent& epoch) = 0;
  virtual void fragment_durable(const std::string& track, const journal::FragmentRecord& record) = 0;
  virtual void units_durable(const std::string& track, UnitName last) = 0;
};

struct TrackReport {
  TrackState state;
  LessonTime proven_until;  // the journal on disk says so; state.durable_until may be on its way there
  MonotonicTime durable_at;
  MonotonicTime held_since;  // the oldest that is not durable came then; 0: there is none
  MonotonicTime dropped_at;  // 0: never
  bool no_room = false;
  bool left_behind = false;  // what would come next was given up because the disk is too slow
};

class LessonWriter {
 public:
  // All outlive the writer.
  LessonWriter(FileSystem& files, std::filesystem::path directory, LessonJournal& journal,
               WriterLimits limits, DurableListener& listener);

  // Tracks are made before anything is offered to them, and stay.
  std::size_t add_track(TrackState state);
  void set_value(std::size_t track, int value);
  // A reason: there is no room, the fragment is lost; the caller tells so with the next one. Where all tracks
  // together hold too much, whole GOPs of less valuable ones are given up first.
  std::optional<GapReason> offer(std::size_t track, Fragment fragment, MonotonicTime now);

  // The writer's thread: writes what waits, the most valuable first, while `go_on` says so. An error: some
  // track could not be written and will be tried again in a new file; kStorageFull: nothing more is tried.
  Status write_waiting(const std::function<bool()>& go_on);
  // The sync thread: syncs what is written, journals it together with `events`, tells. True: a gap is among
  // it.
  Result<bool> sync(LessonTime at, MonotonicTime now, std::vector<journal::Record> events);
  // The sync thread, once a tick: a track of which nothing has come for 10 s, and never anything, is missing
  // until 5 s before `at`, which the next sync() journals: a power cut leaves a word of it. What comes later
  // and is older is lost.
  void declare_absent(LessonTime at, MonotonicTime now);
  void expect_nothing();  // in a private moment, or behind a stop: afterwards the 10 s begin anew

  bool idle() const;          // nothing waits or is written without being durable
  bool storage_full() const;  // nothing more is stored
  void note_storage_full();
  // There was no room for something. The mildest of what is left: what is reserved ahead is given back (which
  // the writer's thread does, and until then nothing more happens), the least valuable tracks are given up,
  // nothing more is stored.
  void meet_full_disk();
  // Nothing is reserved ahead any more; what was is given back by the writer's thread. False: so it is
  // already.
  bool stop_reserving();
  bool nothing_reserved() const;  // stop_reserving(), and all of it has been given back
  // The disk is nearly full: the least valuable tracks that are still recorded are no more, their room is
  // given back. False: only the most valuable are left, and nothing was done.
  bool give_up_least();
  std::size_t values_recorded() const;  // how many different ones
  // The disk is too slow for all that waits, and nobody waits for it: it is lost.
  void give_up_waiting();
  // There is room again, also to reserve ahead. Nothing happens within 30 s after meet_full_disk(): what is
  // free is not all that can be short (a quota).
  void take_all_again();

  // --- At the end, when the two threads have stopped.
  // Gives up what could not be stored, and the space reserved ahead.
  void close_files();
  // Declares what is missing until `end`; `reason_of` tells why, by track.
  std::vector<journal::Record> final_gaps(
      LessonTime end, LessonTime at,
      const std::function<GapReason(const std::string& track)>& reason_of) const;

  std::vector<TrackReport> tracks() const;

 private:
  struct Batch {
    std::size_t track = 0;
    std::vector<WrittenFragment> fragments;
  };

  // What could not be written; tried again by the next write_waiting(), which is not far.
  struct Failed {
    std::set<const TrackStore*> stores;
    MonotonicTime since;  // by last_offer_
  };

  void note_failed(Failed& failed, const TrackStore* store) const;
  TrackStore* next_to_write(const Failed& failed);
  bool can_write(TrackStore& store) const;
  static bool goes_before(const TrackStore& one, const TrackStore& other);
  Status write_next(TrackStore& store);
  bool make_room(std::uint64_t size, int value, MonotonicTime now);
  void give_back_room();
  bool reserves(const TrackStore& store) const;
  static bool give_up(TrackStore& store, Fragment& fragment);
  Result<WrittenFragment> write_one(TrackStore& store, Fragment& fragment, bool ahead);
  std::vector<Batch> take_written();
  Status sync_files(Batch& batch);
  void give_back(Batch& batch, std::size_t from);
  void journal_batch(const Batch& batch, LessonTime at);
  void journal_fragment(TrackStore& store, const WrittenFragment& written, LessonTime at);
  void journal_gap(TrackStore& store, LessonTime to, GapReason reason, LessonTime at);
  static void count_missing(TrackStore& store);
  void end_syncing();
  void tell(MonotonicTime now);
  static void cut(EpochFile& file, std::uint64_t size);
  void remove_unused(const EpochFile& file);

  // What is to be told when the journal is durable.
  struct News {
    std::size_t track = 0;
    std::optional<journal::EpochEvent> epoch;
    journal::FragmentRecord record;
    UnitName last_unit;
  };

  FileSystem& files_;
  std::filesystem::path directory_;
  LessonJournal& journal_;
  WriterLimits limits_;
  DurableListener& listener_;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<TrackStore>> stores_;  // guarded by mutex_, see TrackStore
  bool storage_full_ = false;                        // guarded by mutex_
  bool reserves_ = true;                             // guarded by mutex_
  bool nothing_reserved_ = false;                    // guarded by mutex_
  std::optional<MonotonicTime> met_full_;            // guarded by mutex_
  MonotonicTime last_offer_;                         // guarded by mutex_

  // The sync thread's own.
  std::vector<journal::Record> records_;
  std::vector<News> news_;
  struct Retired {
    std::shared_ptr<EpochFile> file;
    std::uint64_t size = 0;
  };
  std::vector<Retired> retired_;  // files of epochs that are over
  int next_number_ = 0;
  bool gap_among_records_ = false;
};

}  // namespace shilu::recorder

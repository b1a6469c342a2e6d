#pragma once
// Reads a lesson folder: the one view that playback, clips, packages, checks and the index share. Holds
// records, not media. A lesson still being written may be opened; refresh() takes in what was appended since.
// Thread-bound.

#include <filesystem>
#include <optional>
#include <vector>

#include "capture/bmff/movie.h"
#include "capture/journal/checkpoint.h"
#include "capture/journal/merkle.h"
#include "capture/journal/record.h"
#include "firmware/base/file_system.h"
#include "firmware/lesson/lesson_info.h"

namespace shilu::journal {

struct StoredRecord {
  std::uint64_t leaf = 0;  // index in the tree; lesson.json is 0
  Record record;
  Bytes bytes;  // as they stand in the file
};

struct TrackEpoch {
  EpochEvent event;
  std::uint64_t leaf = 0;
  std::filesystem::path file;
  std::vector<std::uint64_t> fragments;  // positions in LessonFolder::records()
};

struct TrackView {
  std::uint16_t number = 0;
  std::string name;
  std::vector<TrackEpoch> epochs;
};

// Why reading stopped before the end of a file although more than a torn tail stands there: records or lines
// that no writer of this version makes, or that contradict those before. What precedes is still given.
struct Damage {
  std::optional<Error> journal;      // a file or a record that is none of ours
  std::optional<Error> order;        // a record that contradicts those before it
  std::optional<Error> checkpoints;  // a line that is no checkpoint
  bool any() const { return journal || order || checkpoints; }
};

class LessonFolder {
 public:
  static Result<LessonFolder> open(const std::filesystem::path& directory);
  Status refresh();

  const std::filesystem::path& directory() const;
  const Damage& damage() const;
  const LessonInfo& info() const;
  const std::string& lesson_json() const;
  const std::vector<StoredRecord>& records() const;  // records()[i].leaf == i + 1
  const std::vector<TrackView>& tracks() const;      // by number
  const std::vector<SignedCheckpoint>& checkpoints() const;
  std::vector<Mark> marks() const;     // undone ones have undone = true
  std::vector<GapEvent> gaps() const;  // as declared; tiles the lesson with the fragments
  // What people see as missing: the gaps, and what was deleted (reason "redacted").
  std::vector<GapEvent> holes() const;
  bool redacted(std::string_view track, std::uint32_t sequence) const;
  // And the last checkpoint covers the deletion: only then may its bytes be gone.
  bool redaction_signed(std::string_view track, std::uint32_t sequence) const;
  bool redaction_pending() const;    // deleted in the journal, perhaps not yet on the disk
  bool finished() const;             // a stop event is there
  LessonTime recorded_from() const;  // of the earliest fragment, if that is pre-roll; else 0
  Nanoseconds duration() const;      // of the stop event, else the end of the last fragment
  std::vector<Digest> leaf_hashes() const;

  // The movie of a source (both its tracks) over `range`, or over the whole lesson [0, duration].
  // Extent::source indexes `files`. Epochs whose headers are byte-identical are joined; kFailedPrecondition
  // if parameters changed inside the range (the message says at which time; movies() gives the parts).
  struct SourceMovie {
    TimeRange range;
    bmff::Movie movie;
    std::vector<std::filesystem::path> files;
    std::vector<std::uint64_t> leaves;  // of every fragment used and of their epochs, ascending
  };
  Result<SourceMovie> movie(std::string_view source, std::optional<TimeRange> range = std::nullopt) const;
  // The same in parts, one behind the other, cut in the millisecond in which the parameters of a track
  // change: at least one; their ranges tile `range`. A part in which nothing was recorded is joined to the
  // next.
  Result<std::vector<SourceMovie>> movies(std::string_view source,
                                          std::optional<TimeRange> range = std::nullopt) const;

  // The ranges of movies(): quick where nothing changes.
  Result<std::vector<TimeRange>> parts(std::string_view source,
                                       std::optional<TimeRange> range = std::nullopt) const;

  LessonFolder(LessonFolder&&) noexcept;
  LessonFolder& operator=(LessonFolder&&) noexcept;
  ~LessonFolder();

 private:
  struct Impl;
  TimeRange whole() const;
  explicit LessonFolder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Copies a movie to a file: header, then extents, in blocks; a partial file is removed on error.
Status write_movie(const LessonFolder::SourceMovie& movie, const std::filesystem::path& out);

}  // namespace shilu::journal

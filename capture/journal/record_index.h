#pragma once
// The tracks of a lesson as its records tell them, and the rules of order between records. Inside this module
// only.

#include "capture/journal/lesson_folder.h"

namespace shilu::journal {

class RecordIndex {
 public:
  explicit RecordIndex(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Takes in the record at `position` of the list of records. kCorrupted, and nothing changed, when it
  // contradicts those before: a fragment without its epoch, out of sequence, not behind the one before it in
  // its file, after the stop.
  Status take(std::uint64_t position, const Record& record);

  const std::vector<TrackView>& tracks() const { return tracks_; }
  bool stopped() const { return stopped_; }
  // The payload of this fragment was taken off the disk, or is about to be.
  bool redacted(std::string_view track, std::uint32_t sequence) const;
  // By the record at this position in the list.
  std::optional<std::uint64_t> redacted_by(std::string_view track, std::uint32_t sequence) const;
  bool redaction_pending() const { return redaction_pending_; }

 private:
  struct Progress {
    std::uint32_t next_sequence = 0;
    std::uint64_t next_offset = 0;
  };

  Status take_event(std::uint64_t position, const EventRecord& event);
  Status take_epoch(std::uint64_t position, const EpochEvent& event);
  Status take_private(std::uint64_t position, bool begins);
  Status take_stopping(std::uint64_t position, bool begins);
  Status take_redaction(std::uint64_t position, const RedactionEvent& event);
  Status take_fragment(std::uint64_t position, const FragmentRecord& fragment);
  TrackView* find(std::uint16_t number);

  std::filesystem::path directory_;
  std::vector<TrackView> tracks_;   // by number
  std::vector<Progress> progress_;  // parallel
  bool stopped_ = false;
  bool stopping_ = false;
  bool private_ = false;
  struct Redacted {
    RedactedStretch stretch;
    std::uint64_t position = 0;
  };
  std::vector<Redacted> redacted_;
  bool redaction_pending_ = false;
};

}  // namespace shilu::journal

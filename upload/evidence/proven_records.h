#pragma once
// A piece of a journal that is proven to be the device's: everything that happened from one leaf to a signed
// checkpoint. Hostile input: every count is checked against what is there; memory is bounded by
// kMaxRecordsBytes.

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/journal/checkpoint.h"
#include "capture/journal/record.h"
#include "firmware/base/certificate.h"
#include "firmware/lesson/lesson_info.h"
#include "upload/evidence/clip_proof.h"

namespace shilu::evidence {

// About two hundred thousand records: four tracks of half a day.
inline constexpr std::uint64_t kMaxRecordsBytes = 24u << 20;

struct ProvenEpoch {
  journal::EpochEvent event;
  std::optional<Bytes> header;  // has the hash of the event
};

struct ProvenTrack {
  std::string name;
  MediaKind kind = MediaKind::kVideo;
  std::map<std::uint16_t, ProvenEpoch> epochs;
  std::vector<journal::FragmentRecord> fragments;  // in order, sequence numbers without a hole
};

class ProvenRecords {
 public:
  // `lesson_json`: proof/lesson.json, leaf 0. `records`: proof/clip-N.records. kCorrupted says what does not
  // lead to the signature. That the device is known to anybody is not said: look at device_key().
  static Result<ProvenRecords> open(const ClipProof& proof, ByteView records, std::string_view lesson_json);

  const LessonInfo& lesson() const { return lesson_; }
  const KeyCertificate& certificate() const { return certificate_; }  // of the recording key
  const journal::Checkpoint& checkpoint() const { return checkpoint_; }
  const std::map<std::uint16_t, ProvenTrack>& tracks() const { return tracks_; }  // by number
  const std::vector<journal::GapEvent>& gaps() const { return gaps_; }
  // The teacher had it deleted: it is missing, declared and signed.
  bool deleted(const ProvenTrack& track, std::size_t fragment) const;
  const std::vector<Mark>& marks() const { return marks_; }  // undone ones have undone = true
  // The lesson's length, where its stop stands among the records.
  const std::optional<Nanoseconds>& stopped_at() const { return stopped_at_; }
  // Of the proof's `sign_in` event.
  const std::optional<Digest>& signed_in_subject() const { return subject_; }

 private:
  using Stretches = std::map<std::uint32_t, std::uint32_t>;  // from the first to the last; apart
  static void join(Stretches& stretches, std::uint32_t first, std::uint32_t last);
  ProvenRecords() = default;
  Status take_certificate(std::string_view lesson_json);
  Status take_checkpoint(const ClipProof& proof);
  Status take_records(const ClipProof& proof, ByteView records);
  Status take_record(const journal::Record& record);
  void take_redaction(const journal::RedactionEvent& redaction);
  Status take_fragment(const journal::FragmentRecord& fragment);
  void take_mark(const journal::EventRecord& event);
  Status take_epoch(const journal::EpochEvent& event, std::optional<Bytes> header);
  Status take_proven_epoch(const ProvenLeaf& leaf);
  Status take_sign_in(const ProvenLeaf& leaf);
  Result<journal::EventRecord> proven_event(const ProvenLeaf& leaf, std::string_view what) const;

  LessonInfo lesson_;
  KeyCertificate certificate_;
  journal::Checkpoint checkpoint_;
  std::map<std::uint16_t, ProvenTrack> tracks_;
  std::vector<journal::GapEvent> gaps_;
  std::map<std::string, Stretches> deleted_;  // by track
  std::vector<Mark> marks_;
  std::unordered_map<std::string, std::size_t> mark_places_;  // by id
  std::optional<Nanoseconds> stopped_at_;
  std::optional<Digest> subject_;
};

}  // namespace shilu::evidence

#include "upload/evidence/proven_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/journal/merkle.h"

namespace shilu::evidence {
namespace {

constexpr std::size_t kMaxTracks = 256;  // as the journal's readers: bounds what looking one up costs

template <typename... Args>
tl::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kCorrupted, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

Result<ProvenRecords> ProvenRecords::open(const ClipProof& proof, ByteView records,
                                          std::string_view lesson_json) {
  ProvenRecords proven;
  SHILU_CHECK(proven.take_certificate(lesson_json));
  if (proven.lesson_.lesson_id != proof.lesson_id) return bad("the proof is of another lesson");
  SHILU_CHECK(proven.take_checkpoint(proof));
  const Digest leaf_0 = journal::leaf_hash(as_bytes(lesson_json));
  if (!journal::verify_inclusion(leaf_0, 0, proof.tree_size, proof.lesson_path, proven.checkpoint_.root))
    return bad("lesson.json is not the one that the recording's signature covers");
  for (const ProvenLeaf& epoch : proof.epochs) SHILU_CHECK(proven.take_proven_epoch(epoch));
  SHILU_CHECK(proven.take_records(proof, records));
  if (proof.sign_in) SHILU_CHECK(proven.take_sign_in(*proof.sign_in));
  return proven;
}

Status ProvenRecords::take_certificate(std::string_view lesson_json) {
  SHILU_TRY(lesson_, LessonInfo::from_json(lesson_json));
  auto certificate =
      DsseEnvelope::from_json(lesson_.recording_certificate).and_then(KeyCertificate::from_envelope);
  if (!certificate) return bad("the certificate of the recording key: {}", certificate.error().message);
  if (certificate->role != KeyRole::kRecording)
    return bad("lesson.json carries the certificate of a key that is not for recording");
  certificate_ = std::move(*certificate);
  return {};
}

Status ProvenRecords::take_checkpoint(const ClipProof& proof) {
  if (proof.checkpoint.payload_type != journal::kCheckpointType)
    return bad("the checkpoint is a {}", proof.checkpoint.payload_type);
  if (!proof.checkpoint.verified_by(certificate_.key))
    return bad("the recording's signature is missing, or not by the recording key of this device");
  SHILU_TRY(checkpoint_, journal::Checkpoint::from_payload(proof.checkpoint.payload));
  if (checkpoint_.lesson_id != lesson_.lesson_id) return bad("the checkpoint is of another lesson");
  if (checkpoint_.tree_size != proof.tree_size)
    return bad(
        "the recording's signature covers {} records, and the proof speaks of {}: it is older, or of another "
        "recording",
        checkpoint_.tree_size, proof.tree_size);
  if (proof.first_leaf == 0 || proof.first_leaf >= proof.tree_size)
    return bad("the records do not begin between lesson.json and the checkpoint");
  return {};
}

Status ProvenRecords::take_records(const ClipProof& proof, ByteView records) {
  if (records.size() > kMaxRecordsBytes)
    return bad("there are more than {} bytes of records", kMaxRecordsBytes);
  auto tree = journal::Frontier::from_hashes(proof.first_leaf, proof.frontier);
  if (!tree) return bad("{}", tree.error().message);
  while (tree->size() < proof.tree_size) {
    SHILU_TRY(const auto decoded, journal::decode(records));
    if (!decoded)
      return bad("only {} of {} signed records are there: something was left out", tree->size(),
                 proof.tree_size);
    tree->append(journal::leaf_hash(records.first(decoded->size)));
    SHILU_CHECK(take_record(decoded->record));
    records = records.subspan(decoded->size);
  }
  if (!records.empty()) return bad("{} bytes follow the last signed record", records.size());
  if (tree->root() != checkpoint_.root) return bad("the records are not those that the device signed");
  return {};
}

Status ProvenRecords::take_record(const journal::Record& record) {
  if (const auto* fragment = std::get_if<journal::FragmentRecord>(&record)) return take_fragment(*fragment);
  const auto& event = std::get<journal::EventRecord>(record);
  if (const auto* gap = std::get_if<journal::GapEvent>(&event.body)) gaps_.push_back(*gap);
  if (const auto* stop = std::get_if<journal::StopEvent>(&event.body))
    stopped_at_ = std::chrono::milliseconds(stop->duration_ms);
  take_mark(event);
  if (const auto* redaction = std::get_if<journal::RedactionEvent>(&event.body)) take_redaction(*redaction);
  if (const auto* epoch = std::get_if<journal::EpochEvent>(&event.body))
    return take_epoch(*epoch, std::nullopt);
  return {};
}

// What the teacher had deleted is missing, declared and signed: a gap as any other, with its own reason.
void ProvenRecords::take_redaction(const journal::RedactionEvent& redaction) {
  for (const auto& stretch : redaction.stretches) {
    gaps_.push_back({stretch.track, stretch.from, stretch.to, std::string(journal::kRedactedReason)});
    join(deleted_[stretch.track], stretch.first, stretch.last);
  }
}

void ProvenRecords::join(Stretches& stretches, std::uint32_t first, std::uint32_t last) {
  auto next = stretches.upper_bound(first);
  if (next != stretches.begin() && std::prev(next)->second >= first) {
    --next;
    first = next->first;
  }
  while (next != stretches.end() && next->first <= last) {
    last = std::max(last, next->second);
    next = stretches.erase(next);
  }
  stretches.emplace(first, last);
}

bool ProvenRecords::deleted(const ProvenTrack& track, std::size_t fragment) const {
  const auto stretches = deleted_.find(track.name);
  if (stretches == deleted_.end()) return false;
  const std::uint32_t sequence = track.fragments[fragment].sequence;
  const auto behind = stretches->second.upper_bound(sequence);
  return behind != stretches->second.begin() && sequence <= std::prev(behind)->second;
}

// As LessonFolder::marks: of a mark that was sent twice the first counts.
void ProvenRecords::take_mark(const journal::EventRecord& event) {
  if (const auto* pressed = std::get_if<journal::MarkEvent>(&event.body)) {
    if (mark_places_.emplace(pressed->mark.id, marks_.size()).second) marks_.push_back(pressed->mark);
  }
  if (const auto* undone = std::get_if<journal::MarkUndoneEvent>(&event.body)) {
    const auto place = mark_places_.find(undone->id);
    if (place != mark_places_.end()) marks_[place->second].undone = true;
  }
}

Status ProvenRecords::take_fragment(const journal::FragmentRecord& fragment) {
  const auto track = tracks_.find(fragment.track);
  if (track == tracks_.end() || !track->second.epochs.contains(fragment.epoch)) {
    return bad("a fragment of track {} epoch {} is there, but nothing says what that is", fragment.track,
               fragment.epoch);
  }
  auto& fragments = track->second.fragments;
  if (!fragments.empty() && fragment.sequence != fragments.back().sequence + 1) {
    return bad("fragment {} of {} follows fragment {}", fragment.sequence, track->second.name,
               fragments.back().sequence);
  }
  fragments.push_back(fragment);
  return {};
}

Status ProvenRecords::take_epoch(const journal::EpochEvent& event, std::optional<Bytes> header) {
  if (header && (header->size() != event.header_size || sha256(*header) != event.header_sha256)) {
    return bad("the header of {} epoch {} is not the recorded one", event.name, event.epoch);
  }
  if (!tracks_.contains(event.track) && tracks_.size() == kMaxTracks)
    return bad("the records are of more than {} tracks", kMaxTracks);
  for (const auto& [number, track] : tracks_) {
    if ((number == event.track) != (track.name == event.name))
      return bad("track {} has two names", event.track);
  }
  SHILU_TRY(const TrackName name, parse_track_name(event.name));
  ProvenTrack& track = tracks_[event.track];
  track.name = event.name;
  track.kind = name.kind;
  // Said before the range and in it: the same record, of which the first came with the header.
  track.epochs.emplace(event.epoch, ProvenEpoch{event, std::move(header)});
  return {};
}

Result<journal::EventRecord> ProvenRecords::proven_event(const ProvenLeaf& leaf,
                                                         std::string_view what) const {
  const Digest hash = journal::leaf_hash(leaf.record);
  if (!journal::verify_inclusion(hash, leaf.leaf, checkpoint_.tree_size, leaf.path, checkpoint_.root))
    return bad("the {} of record {} is not under the recording's signature", what, leaf.leaf);
  SHILU_TRY(const auto decoded, journal::decode(leaf.record));
  const auto* event = decoded ? std::get_if<journal::EventRecord>(&decoded->record) : nullptr;
  if (event == nullptr || decoded->size != leaf.record.size())
    return bad("record {} is not the {} that it should be", leaf.leaf, what);
  return *event;
}

Status ProvenRecords::take_proven_epoch(const ProvenLeaf& leaf) {
  SHILU_TRY(const journal::EventRecord event, proven_event(leaf, "epoch"));
  const auto* epoch = std::get_if<journal::EpochEvent>(&event.body);
  if (epoch == nullptr) return bad("record {} begins no epoch", leaf.leaf);
  return take_epoch(*epoch, leaf.header);
}

Status ProvenRecords::take_sign_in(const ProvenLeaf& leaf) {
  SHILU_TRY(const journal::EventRecord event, proven_event(leaf, "sign-in"));
  const auto* sign_in = std::get_if<journal::SignInEvent>(&event.body);
  if (sign_in == nullptr) return bad("record {} is no sign-in", leaf.leaf);
  subject_ = sign_in->subject_sha256;
  return {};
}

}  // namespace shilu::evidence

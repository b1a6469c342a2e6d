#include "upload/evidence/proof_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace shilu::evidence {
namespace {

using journal::EpochEvent;
using journal::EventRecord;
using journal::FragmentRecord;

template <typename Event>
const Event* event_of(const journal::StoredRecord& stored) {
  const auto* event = std::get_if<EventRecord>(&stored.record);
  return event == nullptr ? nullptr : std::get_if<Event>(&event->body);
}

bool is_of(std::string_view track, const std::vector<std::string>& sources) {
  const auto name = parse_track_name(track);
  return name && std::find(sources.begin(), sources.end(), name->source) != sources.end();
}

bool overlap(const journal::GapEvent& gap, TimeRange range) {
  return gap.from < range.to && gap.to > range.from;
}

bool touches(const journal::RedactionEvent& redaction, const std::vector<std::string>& sources,
             TimeRange range) {
  return std::any_of(redaction.stretches.begin(), redaction.stretches.end(), [&](const auto& stretch) {
    return is_of(stretch.track, sources) && stretch.from < range.to && stretch.to > range.from;
  });
}

Result<Bytes> read_header(const journal::TrackEpoch& epoch) {
  SHILU_TRY(const auto file, posix_file_system().open(epoch.file, OpenMode::kRead));
  return file->read_at(0, epoch.event.header_size);
}

}  // namespace

ProofBuilder::ProofBuilder(const journal::LessonFolder& lesson)
    : lesson_(lesson), leaf_hashes_(lesson.leaf_hashes()), marks_(lesson.marks()) {}

ProofBuilder::Reach ProofBuilder::reach_of(const std::vector<std::uint64_t>& leaves,
                                           const std::vector<std::string>& sources, TimeRange range) const {
  std::set<std::uint64_t> needed;
  for (const std::uint64_t leaf : leaves) {
    if (std::holds_alternative<FragmentRecord>(lesson_.records()[leaf - 1].record)) needed.insert(leaf);
  }
  for (const auto& stored : lesson_.records()) {
    const auto* gap = event_of<journal::GapEvent>(stored);
    if (gap != nullptr && is_of(gap->track, sources) && overlap(*gap, range)) needed.insert(stored.leaf);
    if (speaks_of_mark(stored, range)) needed.insert(stored.leaf);
    const auto* redaction = event_of<journal::RedactionEvent>(stored);
    if (redaction != nullptr && touches(*redaction, sources, range)) needed.insert(stored.leaf);
  }
  return {*needed.begin(), *needed.rbegin()};
}

Result<const journal::SignedCheckpoint*> ProofBuilder::checkpoint_behind(std::uint64_t leaf) const {
  const auto& all = lesson_.checkpoints();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.checkpoint.tree_size > leaf; });
  if (found == all.end()) {
    return fail(ErrorKind::kFailedPrecondition,
                "the end of the clip is recorded, but not yet signed; a lesson is signed every 10 s and when "
                "it stops");
  }
  if (found->checkpoint.tree_size > leaf_hashes_.size())
    return fail(ErrorKind::kCorrupted, "the journal is shorter than what was signed");
  return &*found;
}

// The press, or that it was taken back.
bool ProofBuilder::speaks_of_mark(const journal::StoredRecord& stored, TimeRange range) const {
  const auto reaches = [&](const Mark& mark) {
    const TimeRange whole = mark.range(lesson_.duration());
    return whole.from < range.to && whole.to > range.from;
  };
  if (const auto* pressed = event_of<journal::MarkEvent>(stored)) return reaches(pressed->mark);
  const auto* undone = event_of<journal::MarkUndoneEvent>(stored);
  if (undone == nullptr) return false;
  const auto mark =
      std::find_if(marks_.begin(), marks_.end(), [&](const Mark& one) { return one.id == undone->id; });
  return mark != marks_.end() && reaches(*mark);
}

std::optional<std::uint64_t> ProofBuilder::find_sign_in(const Digest& subject) const {
  for (const auto& stored : lesson_.records()) {
    const auto* sign_in = event_of<journal::SignInEvent>(stored);
    if (sign_in != nullptr && sign_in->subject_sha256 == subject) return stored.leaf;
  }
  return std::nullopt;
}

ProvenLeaf ProofBuilder::proven_leaf(std::uint64_t leaf, std::uint64_t tree_size) const {
  const std::span<const Digest> tree(leaf_hashes_.data(), tree_size);
  return {leaf, lesson_.records()[leaf - 1].bytes, journal::inclusion_path(leaf, tree), std::nullopt};
}

// Of every track that has a fragment among the records, so that a verifier knows what each of them is; the
// headers only of those that the clip uses.
Result<std::vector<ProvenLeaf>> ProofBuilder::epochs_of(const ClipProof& proof,
                                                        const std::vector<std::uint64_t>& used) const {
  std::vector<ProvenLeaf> epochs;
  for (const auto& track : lesson_.tracks()) {
    for (const auto& epoch : track.epochs) {
      const bool among_records =
          std::any_of(epoch.fragments.begin(), epoch.fragments.end(), [&](std::uint64_t position) {
            return position + 1 >= proof.first_leaf && position + 1 < proof.tree_size;
          });
      if (!among_records) continue;
      ProvenLeaf leaf = proven_leaf(epoch.leaf, proof.tree_size);
      if (std::find(used.begin(), used.end(), epoch.leaf) != used.end()) {
        SHILU_TRY(leaf.header, read_header(epoch));
      }
      epochs.push_back(std::move(leaf));
    }
  }
  std::sort(epochs.begin(), epochs.end(), [](const auto& a, const auto& b) { return a.leaf < b.leaf; });
  return epochs;
}

Result<BuiltProof> ProofBuilder::build(const std::vector<std::uint64_t>& leaves,
                                       const std::vector<std::string>& sources, TimeRange range,
                                       const Digest& subject) const {
  const Reach reach = reach_of(leaves, sources, range);
  const auto sign_in = find_sign_in(subject);
  SHILU_TRY(const auto* checkpoint, checkpoint_behind(std::max(reach.last, sign_in.value_or(0))));
  ClipProof proof;
  proof.lesson_id = lesson_.info().lesson_id;
  proof.tree_size = checkpoint->checkpoint.tree_size;
  proof.checkpoint = checkpoint->envelope;
  proof.first_leaf = reach.first;
  journal::Frontier frontier;
  for (std::uint64_t leaf = 0; leaf < reach.first; ++leaf) frontier.append(leaf_hashes_[leaf]);
  proof.frontier = frontier.hashes();
  SHILU_TRY(proof.epochs, epochs_of(proof, leaves));
  if (sign_in) proof.sign_in = proven_leaf(*sign_in, proof.tree_size);
  proof.lesson_path =
      journal::inclusion_path(0, std::span<const Digest>(leaf_hashes_.data(), proof.tree_size));
  Bytes records;
  for (std::uint64_t leaf = proof.first_leaf; leaf < proof.tree_size; ++leaf)
    put_bytes(records, lesson_.records()[leaf - 1].bytes);
  auto proven = ProvenRecords::open(proof, records, lesson_.lesson_json());
  if (!proven) return fail(proven.error().within("the lesson's journal"));
  return BuiltProof{std::move(proof), std::move(records), std::move(*proven)};
}

}  // namespace shilu::evidence
